// What a tokenizer.json has beside its tables: stages that normalize, cut and join text, some of them by patterns. They
// are a stranger's code in all but name, so this says which of them could take long, and keeps all of them from making a
// text many times longer than it was. Knows nothing of how they are run.

import { isRecord } from '../objects.js';

/** Longer texts in a stage are none that a tokenizer needs: prefixes, replacements, patterns. */
const longestSetting = 1000;
/** A pattern of a large vocabulary has some 500 characters. */
const longestPattern = 10_000;

const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** Patterns of well-known tokenizers, which take time in proportion to the text; they run without a watchdog. */
const soundPatterns: ReadonlySet<string> = new Set([
  gpt2Words,
  // GPT-4 and Llama 3; Qwen 2 and 3.
  ...['\\p{N}{1,3}', '\\p{N}'].flatMap((numbers) => [
    `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${numbers}|${rest}`,
    `${contractions}|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|${numbers}|${rest}`,
  ]),
  // GPT-4o.
  [
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    '\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
  ].join('|'),
  // Spaces, single digits, ideographs.
  ' ',
  '\\s',
  '\\s+',
  ' {2,}',
  '\\d',
  '\\d+',
  '\\p{N}',
  '\\p{N}{1,3}',
  '[一-龥぀-ゟ゠-ヿ]+',
]);

/** All parts of a value, itself included. */
function* partsOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (Array.isArray(value)) for (const part of value) yield* partsOf(part);
  if (!isRecord(value)) return;
  yield value;
  for (const part of Object.values(value)) yield* partsOf(part);
}

/** Whether the stages have a pattern whose running time is not known. */
export function hasForeignPattern(stages: readonly unknown[]): boolean {
  for (const { Regex } of partsOf(stages))
    if (typeof Regex === 'string' && !soundPatterns.has(Regex)) return true;
  return false;
}

/** @throws Error, a sentence without its subject, for settings that no tokenizer needs. */
export function refuseOddSettings(stages: readonly unknown[]): void {
  for (const part of partsOf(stages)) {
    // The library leaves such a stage out, and prints the pattern.
    if ((part.type === 'Split' || part.type === 'Replace') && !isPattern(part.pattern))
      throw new Error(`it has a stage ${part.type} without a pattern`);
    for (const [name, value] of Object.entries(part)) {
      // Tables of characters, which are long.
      if (typeof value !== 'string' || name === 'precompiled_charsmap') continue;
      const most = name === 'Regex' ? longestPattern : longestSetting;
      if (value.length > most) throw new Error(`it has a setting of ${value.length} characters`);
    }
  }
}

function isPattern(pattern: unknown): boolean {
  return isRecord(pattern) && (typeof pattern.Regex === 'string' || typeof pattern.String === 'string');
}

/** How long a text may become. */
export interface Bound {
  characters: number;
}

type Step = (...args: unknown[]) => unknown;

function lengthOf(result: unknown): number {
  if (!Array.isArray(result)) return typeof result === 'string' ? result.length : 0;
  return result.reduce((sum: number, part: unknown) => sum + lengthOf(part), 0);
}

/**
 * Makes a stage of the library, and those that it consists of, look at how long the text becomes in it: a few
 * replacements one after the other could fill all memory.
 */
export function boundLengths(stage: unknown, bound: Bound): void {
  if (typeof stage !== 'function') return;
  for (const method of ['normalize', 'pre_tokenize_text', 'decode_chain']) {
    const step: unknown = Reflect.get(stage, method);
    if (typeof step !== 'function') continue;
    const bounded: Step = (...args) => {
      const result: unknown = Reflect.apply(step, stage, args);
      if (lengthOf(result) > bound.characters) throw new Error('it makes a text many times longer');
      return result;
    };
    Reflect.set(stage, method, bounded);
  }
  for (const list of ['normalizers', 'tokenizers', 'decoders']) {
    const stages: unknown = Reflect.get(stage, list);
    if (Array.isArray(stages)) for (const part of stages) boundLengths(part, bound);
  }
}
