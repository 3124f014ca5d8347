// GPT-2's own vocabulary (50,256 byte strings and <|endoftext|>), from the ranks in the package gpt-tokenizer, so that no
// download is needed. The ranks do not contain the merges; they are computed from the ranks when files are written.
// The ranks are half a megabyte of JavaScript, which is loaded only when they are asked for.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { byteCharacters, byteString } from './byte-characters.js';
import { BytePairEncoder } from './byte-pair-encoder.js';
import { type BytePairVocabulary, endOfTextToken } from './tokenizer-files.js';

export const gpt2EndOfText = 50256;

/** The result of `fingerprint` for GPT-2's vocabulary and merges. */
const gpt2Fingerprint = '51f122e868a6258b1686ffde419d8ae05b5b78e25de2db603ad95ac2c418872c';

/** Tokens in the order of their ids: text, or the bytes of what is not valid UTF-8. */
interface Ranks {
  readonly default: readonly (string | readonly number[])[];
}

let byteStrings: readonly string[] | undefined;
let encoder: BytePairEncoder | undefined;

/** The byte string of each id except <|endoftext|>. */
export function gpt2ByteStrings(): readonly string[] {
  if (byteStrings === undefined) {
    const ranks: Ranks = createRequire(import.meta.url)('gpt-tokenizer/bpeRanks/r50k_base');
    byteStrings = ranks.default.map((token) =>
      typeof token === 'string' ? byteString(token) : String.fromCharCode(...token),
    );
  }
  return byteStrings;
}

export function gpt2Encoder(): BytePairEncoder {
  encoder ??= encoderOf(gpt2ByteStrings());
  return encoder;
}

/**
 * An encoder that knows only the first `count` tokens. Byte-pair encoding learns its tokens one after the other, so the
 * first tokens are a complete vocabulary by themselves.
 * @param count at least 256, because the first 256 tokens are the single bytes.
 */
export function shortenedEncoder(count: number): BytePairEncoder {
  return encoderOf(gpt2ByteStrings().slice(0, count));
}

function encoderOf(tokens: readonly string[]): BytePairEncoder {
  return new BytePairEncoder(tokens);
}

/** The first `count` tokens and <|endoftext|>, in the form of vocab.json and merges.txt. */
export function gpt2Vocabulary(count: number = gpt2EndOfText): BytePairVocabulary {
  const tokens = gpt2ByteStrings().slice(0, count);
  return {
    vocab: new Map([...tokens.map(byteCharacters), endOfTextToken].map((token, id) => [token, id])),
    merges: recoverMerges(tokens),
  };
}

/**
 * Ids follow the order in which byte-pair encoding learned its merges, so the merge that makes token n joins the two
 * tokens that n's bytes encode to when only tokens before n exist.
 */
function recoverMerges(tokens: readonly string[]): string[] {
  return tokens
    .map((token, id): [string, number] => [token, id])
    .filter(([token]) => token.length > 1)
    .map(([token, id]) => {
      const [, middle, ...rest] = gpt2Encoder().boundaries(token, id);
      if (rest.length !== 1)
        throw new Error(`token ${id} of GPT-2's ranks is not the union of two earlier ones`);
      return `${byteCharacters(token.slice(0, middle))} ${byteCharacters(token.slice(middle))}`;
    });
}

export function isGpt2Vocabulary(candidate: BytePairVocabulary): boolean {
  return candidate.vocab.size === gpt2EndOfText + 1 && fingerprint(candidate) === gpt2Fingerprint;
}

/** A hash of vocabulary and merges that does not depend on the order in which the file lists the tokens. */
export function fingerprint({ vocab, merges }: BytePairVocabulary): string {
  const tokens = Array.from({ length: vocab.size }, () => '');
  for (const [token, id] of vocab) if (id < tokens.length) tokens[id] = token;
  return createHash('sha256')
    .update(tokens.join('\n'))
    .update(`\n\n${merges.join('\n')}`)
    .digest('hex');
}
