// A minimal training setup for tests: a model folder with 20 thousand parameters and a small byte-level vocabulary, a corpus
// that it can learn, and functions that start the command `chatbot-train`.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { expectedTensors, type GPT2Config, presetConfig } from '../src/nn/gpt2-config.js';
import { byteCharacters } from '../src/tokenizer/byte-characters.js';
import { saveModelFolder } from '../src/weights/model-folder.js';
import { goldenWeights } from './golden-model.js';
import { repositoryRoot } from './repository.js';

/** Names, sizes and modification times of all files below a folder, to check that nothing was written. */
export function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

/** A temporary folder that is removed after the test file. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `chatbot-train-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const merges = ['h e', 'he l', 'l o', 'hel lo', 'Ġ t', 'a n', 'i n', 'e r', 'Ġ a', 'o u'];

/** A vocabulary of all bytes, a few merges, and the end of text. */
export function tinyVocabulary(): { readonly files: ReadonlyMap<string, string>; readonly size: number } {
  const bytes = Array.from({ length: 256 }, (_, byte) => byteCharacters(String.fromCharCode(byte)));
  const tokens = [...bytes, ...merges.map((merge) => merge.replace(' ', '')), '<|endoftext|>'];
  const ids = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const files = new Map([
    ['vocab.json', JSON.stringify(ids)],
    ['merges.txt', `#version: 0.2\n${merges.join('\n')}\n`],
  ]);
  return { files, size: tokens.length };
}

export const tinyConfig: GPT2Config = {
  ...presetConfig('tiny', tinyVocabulary().size),
  ...{ nPositions: 64, nEmbd: 32, nLayer: 2, nHead: 2, nInner: 64 },
};

/** Writes a model folder, by default with `tinyConfig`. The weights are always the same. */
export function makeTinyModel(folder: string, config: GPT2Config = tinyConfig): string {
  mkdirSync(folder, { recursive: true });
  const tensors = expectedTensors(config).map(({ name, shape }, stream) => ({
    name,
    shape,
    data: () =>
      goldenWeights(
        name,
        shape.reduce((product, extent) => product * extent, 1),
        stream + 1,
      ),
  }));
  const { files, size } = tinyVocabulary();
  saveModelFolder(folder, { config, tensors, tokenizerFiles: files, endOfText: size - 1 });
  return folder;
}

const questions = [
  'hello',
  'how are you',
  'what is your name',
  'do you like tea',
  'where do you live',
  'bye',
];
const answers = ['hello there', 'fine thanks', 'i am a bot', 'yes a lot', 'in a computer', 'see you soon'];

/** Writes question-answer pairs with a pattern that a model can learn. */
export function makeTinyCorpus(path: string, pairs = 36): string {
  const entries = Array.from({ length: pairs }, (_, index) => ({
    text: `${questions[index % questions.length]} ${index}`,
    response: answers[index % answers.length],
  }));
  writeFileSync(path, JSON.stringify(entries));
  return path;
}

export const main = join(repositoryRoot, 'dist/src/cli/main.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `chatbot-train` to its end. */
export function chatbotTrain(words: readonly string[]): Promise<Outcome> {
  return startChatbotTrain(words).outcome;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  /** Resolves with the next line of stderr that matches, null when the command ends without one. */
  line(wanted: RegExp): Promise<string | null>;
  readonly outcome: Promise<Outcome>;
}

/**
 * Starts `chatbot-train` and leaves it running.
 * @param launcher a command to start the program with; the child then gets its own process group.
 */
export function startChatbotTrain(
  words: readonly string[],
  launcher: readonly [string, ...string[]] | null = null,
): RunningCommand {
  const [program, ...before] = launcher ?? [process.execPath];
  const child = spawn(program, [...before, ...(launcher ? [process.execPath] : []), main, ...words], {
    // `_` would reveal how the tests were started.
    env: { ...process.env, HF_HUB_OFFLINE: '1', _: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: launcher !== null,
  });
  let stdout = '';
  let stderr = '';
  let ended = false;
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    wake();
  });
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => {
      ended = true;
      wake();
      resolve({ code, stdout, stderr });
    });
  });
  let read = 0;
  const line = async (wanted: RegExp): Promise<string | null> => {
    for (;;) {
      const end = stderr.indexOf('\n', read);
      if (end >= 0) {
        const text = stderr.slice(read, end);
        read = end + 1;
        if (wanted.test(text)) return text;
      } else if (ended) return null;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  };
  return { child, line, outcome };
}
