// For tests: a program from its words to its exit code, inside the test's own process, which saves the start of a process.
// Shows what the program itself says: help, and the words that it refuses. Commands write to the streams of their process.

import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { runWords } from '../src/cli/program.js';
import type { Outcome } from './tiny-run.js';

/** @param code null where a command ran without an error. */
export async function wordsHere(program: Command, words: readonly string[]): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  for (const command of [program, ...program.commands])
    command.configureOutput({ writeOut: (text) => stdout.write(text) });
  const code = await runWords(program, words, stderr);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}
