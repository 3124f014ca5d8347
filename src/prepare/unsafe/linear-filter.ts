// A linear classifier of texts: hashed n-grams of words and characters, logistic regression, weights of 8 bits. It learns from
// a person's own labels (train-filter.ts), so it comes without weights.

import { isRecord } from '../../objects.js';

/** Buckets of n-grams, a power of two. */
export const buckets = 2 ** 18;
const filterFormat = 'chatbot-train text filter';
const filterVersion = 1;

export interface LinearFilter {
  readonly weights: Int8Array;
  /** What a weight of 1 counts. */
  readonly scale: number;
  readonly bias: number;
}

/** Texts are cut here, so that one text costs little. */
const longestText = 10_000;

/** The buckets of a text's n-grams, each once: words, pairs of words, and 2 to 4 characters. */
export function featuresOf(text: string): readonly number[] {
  const seen = text.slice(0, longestText).normalize('NFKC').toLowerCase();
  const found = new Set<number>();
  const words = seen.match(/\p{Script=Han}|[\p{L}\p{N}\p{M}]+/gu) ?? [];
  for (const [index, word] of words.entries()) {
    found.add(bucketOf(`w${word}`));
    const next = words[index + 1];
    if (next !== undefined) found.add(bucketOf(`p${word} ${next}`));
  }
  const spaced = ` ${words.join(' ')} `;
  for (let length = 2; length <= 4; length++)
    for (let at = 0; at + length <= spaced.length; at++)
      found.add(bucketOf(`c${spaced.slice(at, at + length)}`));
  return [...found];
}

/** FNV-1a with the finaliser of MurmurHash3. */
function bucketOf(gram: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < gram.length; at++) hash = Math.imul(hash ^ gram.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & (buckets - 1);
}

/** The probability that a text is unsafe. */
export function score({ weights, scale, bias }: LinearFilter, text: string): number {
  const features = featuresOf(text);
  let sum = 0;
  for (const feature of features) sum += weights[feature] ?? 0;
  return logistic(bias + (scale * sum) / Math.sqrt(Math.max(1, features.length)));
}

export function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

export function writtenFilter({ weights, scale, bias }: LinearFilter): string {
  const content = {
    format: filterFormat,
    version: filterVersion,
    scale,
    bias,
    weights: Buffer.from(weights.buffer, weights.byteOffset, weights.length).toString('base64'),
  };
  return `${JSON.stringify(content)}\n`;
}

/** @returns undefined unless `writtenFilter` wrote the text. */
export function parsedFilter(text: string): LinearFilter | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(content) || content.format !== filterFormat || content.version !== filterVersion)
    return undefined;
  const { scale, bias, weights } = content;
  if (typeof scale !== 'number' || typeof bias !== 'number' || typeof weights !== 'string') return undefined;
  const bytes = Buffer.from(weights, 'base64');
  return bytes.length === buckets ? { scale, bias, weights: new Int8Array(bytes) } : undefined;
}
