// GPT-2's own vocabulary, whose ranks come with gpt-tokenizer, so that nothing needs to be downloaded.
// Its merging takes time quadratic in the length of a piece; texts with very long pieces take the general way.

import { BytePairEncodingCore } from 'gpt-tokenizer/BytePairEncodingCore';
import ranks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { hasLongPiece, pieces } from './byte-level.js';
import { defineTokenizer } from './definition.js';
import { generalTokenizer } from './general-tokenizer.js';
import { endOfTextToken, ordinaryTokens } from './gpt2-digest.js';
import { gpt2Files } from './gpt2-files.js';
import type { Tokenizer } from './tokenizer.js';

export interface Surroundings {
  readonly vocabularySize: number;
  readonly endOfText: number;
  files(): ReadonlyMap<string, string>;
}

let core: BytePairEncodingCore | undefined;

function merging(): BytePairEncodingCore {
  core ??= new BytePairEncodingCore({
    bytePairRankDecoder: ranks,
    tokenSplitRegex: pieces,
    // None is ever found, because none is allowed in `encodeNative`; without any it would look for the empty one.
    specialTokensEncoder: new Map([[endOfTextToken, ordinaryTokens]]),
  });
  return core;
}

let forLongPieces: Tokenizer | undefined;

function encodeLongPieces(text: string): number[] {
  forLongPieces ??= generalTokenizer(defineTokenizer({ folder: 'GPT-2', texts: gpt2Files() }), gpt2Files);
  return forLongPieces.encode(text);
}

const utf8 = new TextEncoder();

function bytesOf(id: number): Iterable<number> {
  const token = ranks[id] ?? '';
  return typeof token === 'string' ? utf8.encode(token) : token;
}

function decode(ids: ArrayLike<number>): string {
  const bytes: number[] = [];
  for (let index = 0; index < ids.length; index++) bytes.push(...bytesOf(ids[index] ?? ordinaryTokens));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** @param surroundings of a model folder with the same vocabulary: further special tokens, own files. */
export function gpt2Tokenizer(
  surroundings: Surroundings = {
    vocabularySize: ordinaryTokens + 1,
    endOfText: ordinaryTokens,
    files: gpt2Files,
  },
): Tokenizer {
  return {
    ...surroundings,
    encode: (text) => (hasLongPiece(text) ? encodeLongPieces(text) : merging().encodeNative(text)),
    decode,
  };
}
