// What a fuzzing target is: a reader of strangers' files, sound inputs for it, and how to spoil them.

import type { Dice } from './dice.js';

/** The files that a reader is given, by name, in a folder of their own. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface Target {
  /** For the list that `npm run fuzz` prints. */
  readonly about: string;
  /** Sound inputs, from which the spoilt ones are made. */
  readonly seeds: readonly Files[];
  /** Spoils `seed`, a file or several. @param other another seed, to splice from. */
  mutate(seed: Files, dice: Dice, other: Files): Files;
  /** Reads what lies in `folder`; anything but a UserError that it throws is a defect. */
  read(folder: string, files: Files): unknown;
}

/** The targets by name. Each is loaded only when it is wanted: some bring large tables with them. */
export const targets: Readonly<Record<string, () => Promise<Target>>> = {
  safetensors: async () => (await import('./targets/safetensors.js')).safetensors,
  zip: async () => (await import('./targets/pytorch.js')).zip,
  pickle: async () => (await import('./targets/pytorch.js')).pickle,
  'model-folder': async () => (await import('./targets/model-folder.js')).modelFolder,
  tokenizer: async () => (await import('./targets/tokenizer.js')).tokenizerJson,
  'tokenizer-files': async () => (await import('./targets/tokenizer.js')).tokenizerFiles,
  text: async () => (await import('./targets/tokenizer.js')).text,
  json: async () => (await import('./targets/corpus.js')).json,
  jsonl: async () => (await import('./targets/corpus.js')).jsonl,
  tsv: async () => (await import('./targets/corpus.js')).tsv,
  cornell: async () => (await import('./targets/corpus.js')).cornell,
  yaml: async () => (await import('./targets/run-files.js')).yaml,
  'trainer-state': async () => (await import('./targets/run-files.js')).trainerState,
  metrics: async () => (await import('./targets/run-files.js')).metrics,
  history: async () => (await import('./targets/run-files.js')).history,
  hub: async () => (await import('./targets/hub.js')).hub,
};

export function fileOf(files: Files, name: string): Buffer {
  return Buffer.from(files.get(name) ?? []);
}

/** The seed with some files replaced; undefined removes one. */
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
