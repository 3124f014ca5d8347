// The fast tokenizer, for GPT-2's vocabulary or its first tokens. It splits text with GPT-2's pattern and caches the tokens
// of each word, so that most of a corpus costs one lookup per word.

import { byteString } from './byte-characters.js';
import type { BytePairEncoder } from './byte-pair-encoder.js';
import { piecesOf } from './gpt2-pieces.js';
import {
  gpt2ByteStrings,
  gpt2Encoder,
  gpt2EndOfText,
  gpt2Vocabulary,
  shortenedEncoder,
} from './gpt2-vocabulary.js';
import type { SpelledToken, Tokenizer } from './tokenizer.js';
import {
  endOfTextToken,
  mergesText,
  specialTokensMapJson,
  tokenizerConfigJson,
  tokenizerJson,
  vocabJson,
} from './tokenizer-files.js';

/** Limits of the cache: characters of a word, and number of words. At most it takes about 20 MB. */
const longestCachedWord = 64;
const mostCachedWords = 2 ** 17;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Special tokens decode to an empty string, and no text encodes to them. */
export class GPT2Tokenizer implements Tokenizer {
  private readonly encoder: BytePairEncoder;
  private readonly byteStrings = gpt2ByteStrings();
  private readonly cache = new Map<string, readonly number[]>();

  /**
   * @param vocabularySize 50,257 plus the folder's additional special tokens.
   * @param files the implementation of `files()`.
   * @param endOfText the id of <|endoftext|>, which is also the number of GPT-2's tokens that are used.
   */
  constructor(
    readonly vocabularySize: number,
    readonly spelledTokens: readonly SpelledToken[],
    readonly files: () => ReadonlyMap<string, string>,
    readonly endOfText: number = gpt2EndOfText,
  ) {
    this.encoder = endOfText === gpt2EndOfText ? gpt2Encoder() : shortenedEncoder(endOfText);
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const piece of piecesOf(text)) {
      const tokens = this.cache.get(piece) ?? this.encodePiece(piece);
      for (const id of tokens) ids.push(id);
    }
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    let bytes = '';
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? -1;
      if (id < this.endOfText) bytes += this.byteStrings[id] ?? '';
    }
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  }

  private encodePiece(piece: string): readonly number[] {
    const tokens = this.encoder.encode(byteString(piece));
    if (piece.length <= longestCachedWord) {
      if (this.cache.size >= mostCachedWords) this.cache.clear();
      this.cache.set(piece, tokens);
    }
    return tokens;
  }
}

/**
 * GPT-2's own tokenizer, without any files, for fresh models.
 * @param vocabularySize if less than GPT-2's 50,257: the first tokens of its vocabulary and <|endoftext|>.
 */
export function gpt2Tokenizer(vocabularySize: number = gpt2EndOfText + 1): Tokenizer {
  const endOfText = vocabularySize - 1;
  const files = endOfText === gpt2EndOfText ? gpt2Files : () => writeFiles(endOfText);
  const spelled = [{ id: endOfText, content: endOfTextToken }];
  return new GPT2Tokenizer(vocabularySize, spelled, files, endOfText);
}

/** The files of GPT-2's tokenizer. The first call takes about 300 ms, because it computes the merges. */
export function gpt2Files(): ReadonlyMap<string, string> {
  written ??= writeFiles(gpt2EndOfText);
  return written;
}

let written: ReadonlyMap<string, string> | undefined;

function writeFiles(endOfTextId: number): ReadonlyMap<string, string> {
  const vocabulary = gpt2Vocabulary(endOfTextId);
  const endOfText = { id: endOfTextId, content: endOfTextToken, special: true };
  const config = { endOfTextToken, roles: {}, byteLevel: true, addPrefixSpace: false };
  return new Map([
    ['tokenizer.json', tokenizerJson(vocabulary, [endOfText])],
    ['vocab.json', vocabJson(vocabulary.vocab)],
    ['merges.txt', mergesText(vocabulary.merges)],
    ['tokenizer_config.json', tokenizerConfigJson(config)],
    ['special_tokens_map.json', specialTokensMapJson(config)],
  ]);
}
