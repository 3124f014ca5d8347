// The interface of a fuzz target: a reader of untrusted files, valid inputs for it, and a way to mutate them.

import type { Dice } from './dice.js';

/** The files that a reader gets, by name. They are written to a separate folder. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface Target {
  /** The description that `npm run fuzz` prints. */
  readonly about: string;
  /** Valid inputs, from which mutants are made. */
  readonly seeds: readonly Files[];
  /** Mutates one or more files of `seed`. @param other another seed, to splice from. */
  mutate(seed: Files, dice: Dice, other: Files): Files;
  /** Reads the files in `folder`. Any error except a UserError is a finding. */
  read(folder: string, files: Files): unknown;
}

/** The targets by name. Each is loaded only when needed, because some import large tables. */
export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  safetensors: async () => (await import('./targets/safetensors.js')).safetensors,
  zip: async () => (await import('./targets/pytorch.js')).zip,
  pickle: async () => (await import('./targets/pytorch.js')).pickle,
  'model-folder': async () => (await import('./targets/model-folder.js')).modelFolder,
  tokenizer: async () => (await import('./targets/tokenizer.js')).tokenizerJson,
  'tokenizer-files': async () => (await import('./targets/tokenizer.js')).tokenizerFiles,
  text: async () => (await import('./targets/tokenizer.js')).text,
  json: async () => (await import('./targets/corpus.js')).json,
  'json-in-parts': async () => (await import('./targets/json-in-parts.js')).jsonInParts,
  jsonl: async () => (await import('./targets/corpus.js')).jsonl,
  tsv: async () => (await import('./targets/corpus.js')).tsv,
  cornell: async () => (await import('./targets/corpus.js')).cornell,
  formats: async () => (await import('./targets/corpus.js')).formats,
  html: async () => (await import('./targets/page.js')).html,
  yaml: async () => (await import('./targets/run-files.js')).yaml,
  'trainer-state': async () => (await import('./targets/run-files.js')).trainerState,
  metrics: async () => (await import('./targets/run-files.js')).metrics,
  history: async () => (await import('./targets/run-files.js')).history,
  synonyms: async () => (await import('./targets/synonyms.js')).synonyms,
  'bot-file': async () => (await import('./targets/bot-file.js')).botFile,
  hub: async () => (await import('./targets/hub.js')).hub,
};

export function fileOf(files: Files, name: string): Buffer {
  return Buffer.from(files.get(name) ?? []);
}

/** A copy of `files` with some files replaced. Undefined removes a file. */
export function withFiles(
  files: Files,
  changed: Readonly<Record<string, Uint8Array | string | undefined>>,
): Files {
  const all = new Map(files);
  for (const [name, content] of Object.entries(changed))
    if (content === undefined) all.delete(name);
    else all.set(name, typeof content === 'string' ? Buffer.from(content) : content);
  return all;
}
