// What the programs share: the layout of `--help`, the reporting of errors, the version. Every start imports it, so it
// imports nothing but commander. stdout is for results, stderr for everything else.

import { closeSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { format } from 'node:util';
import { Command, CommanderError } from 'commander';
import { ExitCode, messageOf, UserError } from '../errors.js';
import type { OptionTable } from '../option-spec.js';
import { messageLine, visible } from '../quote.js';
import { flagMessageOf } from './flag-names.js';
import { addOptions, unknownFlag } from './flags.js';

export interface ProgramText {
  readonly name: string;
  readonly description: string;
  /** What follows the name. */
  readonly usage: string;
  /** Ends the output of `--help`. */
  readonly epilogue: string;
}

/** A program with every option of `table`. The caller adds the action and handles remaining words. */
export function createProgram(text: ProgramText, table: OptionTable): Command {
  const program = quietCommand(new Command(text.name))
    .description(text.description)
    .version(version(), '--version', 'Print the version.')
    .usage(text.usage)
    .enablePositionalOptions()
    .allowExcessArguments()
    .configureHelp({ formatItem: onTwoLines, sortOptions: false })
    .addHelpText('after', text.epilogue);
  addOptions(program, table);
  return program;
}

/** Commander throws instead of exiting; `runProgram` reports the error. */
export function quietCommand(command: Command): Command {
  return command
    .helpOption('--help', 'Print this text.')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {} });
}

/** Parses the command line and runs its action. An error is reported in one sentence and sets the exit code. */
export async function runProgram(program: Command): Promise<void> {
  outliveTerminals();
  tameConsole();
  // A closed reader (`| head`, a closed terminal) must not end a training run.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY)) return;
    process.stderr.write(`error: the result cannot be written: ${messageLine(error.message)}\n`);
    process.exit(ExitCode.device);
  });
  // There is no other place to report this.
  process.stderr.on('error', () => {});
  const code = await runWords(program, process.argv.slice(2), process.stderr);
  if (code !== null) process.exitCode = code;
}

/**
 * Runs the action of these words.
 * @returns the exit code of an error, which is reported, null without one.
 */
export async function runWords(
  program: Command,
  words: readonly string[],
  stderr: NodeJS.WritableStream,
): Promise<number | null> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return null;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return ExitCode.ok;
    const error = thrown instanceof CommanderError ? usageError(thrown, program, words) : thrown;
    return report(error, program, stderr);
  }
}

/**
 * Libraries print with `console`, sometimes text from a file they read, and on stdout, which is for results. Their output is
 * made safe and sent to stderr.
 */
function tameConsole(): void {
  const print = (...values: unknown[]) => {
    process.stderr.write(`${visible(format(...values))}\n`);
  };
  Object.assign(console, { log: print, info: print, debug: print, warn: print, error: print });
}

/**
 * Node restores the modes of its terminals when it exits, and aborts when one of them is gone. It ignores closed
 * descriptors.
 */
function outliveTerminals(): void {
  const terminals = [0, 1, 2].filter(isatty);
  process.on('exit', () => {
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  });
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  return String((manifest as { version: unknown }).version);
}

/** Flags are too long for two columns, so the text goes below the flag. */
function onTwoLines(
  term: string,
  _: number,
  description: string,
  help: { readonly helpWidth?: number | undefined; boxWrap(text: string, width: number): string },
): string {
  const text = help.boxWrap(description, Math.min(help.helpWidth ?? 80, 110) - 6);
  return `  ${term}\n      ${text.replaceAll('\n', '\n      ')}`;
}

/** The error for what commander refuses. */
function usageError(error: CommanderError, program: Command, words: readonly string[]): UserError {
  const subcommand = program.commands.find((command) => words[0] === command.name());
  const quotedWord = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption':
      return unknownFlag(quotedWord, subcommand ?? program);
    case 'commander.optionMissingArgument':
      return new UserError('option-invalid', `${quotedWord.split(/[ ,]/)[0]} needs a value: ${quotedWord}`);
    default:
      return new UserError('command-line-invalid', error.message.replace(/^error: /, ''));
  }
}

function report(error: unknown, program: Command, stderr: NodeJS.WritableStream): number {
  const debug = process.env.CHATBOT_TRAIN_DEBUG === '1';
  if (debug && error instanceof Error) stderr.write(`${visible(String(error.stack))}\n`);
  if (error instanceof UserError) {
    stderr.write(`error: ${messageLine(flagMessageOf(error))}\n`);
    return error.exitCode;
  }
  const hint = debug
    ? ''
    : ` (this is a bug in ${program.name()}; CHATBOT_TRAIN_DEBUG=1 prints the stack trace)`;
  stderr.write(`error: ${messageLine(messageOf(error).split('\n')[0] ?? '')}${hint}\n`);
  return ExitCode.unexpected;
}
