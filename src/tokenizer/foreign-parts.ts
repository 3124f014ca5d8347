// The stages of a tokenizer.json: they normalize, split and join text, some of them with regular expressions. An untrusted
// stage is like untrusted code: it can take very long or make a text many times longer. This file detects the first and
// prevents the second. It does not know how the stages are run.

import { isRecord } from '../objects.js';

/** Most characters of a setting such as a prefix or a replacement. No real tokenizer needs more. */
const longestSetting = 1000;
/** Most characters of a pattern. The patterns of large vocabularies have about 500. */
const longestPattern = 10_000;

const gpt2Words = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** Patterns of well-known tokenizers. They take time in proportion to the text, so they run without a watchdog. */
const linearTimePatterns: ReadonlySet<string> = new Set([
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

/** All objects in a value, including the value itself. */
function* partsOf(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (Array.isArray(value)) for (const part of value) yield* partsOf(part);
  if (!isRecord(value)) return;
  yield value;
  for (const part of Object.values(value)) yield* partsOf(part);
}

/** Whether the stages contain a pattern whose running time is unknown. */
export function hasForeignPattern(stages: readonly unknown[]): boolean {
  for (const { Regex } of partsOf(stages))
    if (typeof Regex === 'string' && !linearTimePatterns.has(Regex)) return true;
  return false;
}

/** @throws Error, with the reason as its message, for settings that no real tokenizer needs. */
export function refuseOddSettings(stages: readonly unknown[]): void {
  for (const part of partsOf(stages)) {
    // The library would skip such a stage and print the pattern.
    if ((part.type === 'Split' || part.type === 'Replace') && !isPattern(part.pattern))
      throw new Error(`it has a stage ${part.type} without a pattern`);
    for (const [name, value] of Object.entries(part)) {
      // precompiled_charsmap is a table of characters, which is long in real tokenizers too.
      if (typeof value !== 'string' || name === 'precompiled_charsmap') continue;
      const most = name === 'Regex' ? longestPattern : longestSetting;
      if (value.length > most) throw new Error(`it has a setting of ${value.length} characters`);
    }
  }
}

function isPattern(pattern: unknown): boolean {
  return isRecord(pattern) && (typeof pattern.Regex === 'string' || typeof pattern.String === 'string');
}

/** The most characters that a stage may produce. */
export interface Bound {
  characters: number;
}

type Step = (...args: unknown[]) => unknown;

function lengthOf(result: unknown): number {
  if (!Array.isArray(result)) return typeof result === 'string' ? result.length : 0;
  return result.reduce((sum: number, part: unknown) => sum + lengthOf(part), 0);
}

/**
 * Makes a stage of the library, and the stages inside it, check the length of their results: a few replacements in a row
 * could otherwise fill all memory.
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
