// The fast tokenizer, for GPT-2's vocabulary or its first tokens. It splits text with GPT-2's pattern and caches the tokens
// of each word, so that most of a corpus costs one lookup per word.

import { byteString } from './byte-characters.js';
import type { BytePairEncoder } from './byte-pair-encoder.js';
import { endOfPiece } from './gpt2-pieces.js';
import {
  gpt2ByteStrings,
  gpt2Encoder,
  gpt2EndOfText,
  gpt2Vocabulary,
  shortenedEncoder,
} from './gpt2-vocabulary.js';
import { definitionIdentity, gpt2Identity } from './identity.js';
import type { SpelledToken, Tokenizer } from './tokenizer.js';
import { definitionOf } from './tokenizer-definition.js';
import {
  endOfTextToken,
  mergesText,
  specialTokensMapJson,
  tokenizerConfigJson,
  tokenizerJson,
  vocabJson,
} from './tokenizer-files.js';
import { WordCache } from './word-cache.js';

/** In characters. */
const longestCachedWord = 64;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Special tokens decode to an empty string, and no text encodes to them. */
export class GPT2Tokenizer implements Tokenizer {
  private readonly encoder: BytePairEncoder;
  private readonly byteStrings = gpt2ByteStrings();
  private readonly cache = new WordCache();
  private readonly encodePiece = (piece: string) => this.encoder.encode(byteString(piece));

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
    for (let start = 0; start < text.length; ) {
      const end = endOfPiece(text, start);
      if (end - start <= longestCachedWord) this.cache.append(text, start, end, ids, this.encodePiece);
      else for (const id of this.encodePiece(text.slice(start, end))) ids.push(id);
      start = end;
    }
    return ids;
  }

  /** With the first tokens of the vocabulary, that of the general tokenizer as which a saved model is opened. */
  identity(): string {
    const { endOfText, spelledTokens } = this;
    if (endOfText === gpt2EndOfText) return gpt2Identity(spelledTokens);
    return definitionIdentity(definitionOf('', this.files()), endOfText, spelledTokens);
  }

  decode(ids: ArrayLike<number>): string {
    let bytes = '';
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? -1;
      if (id < this.endOfText) bytes += this.byteStrings[id] ?? '';
    }
    return utf8.decode(Buffer.from(bytes, 'latin1'));
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
