// The fast tokenizer: GPT-2's vocabulary, and nothing else. Words are cut as GPT-2's pattern cuts them and remembered
// with their tokens, so that most of a corpus costs one look-up a word.

import { byteString } from './byte-characters.js';
import { piecesOf } from './gpt2-pieces.js';
import { gpt2ByteStrings, gpt2Encoder, gpt2EndOfText, gpt2Vocabulary } from './gpt2-vocabulary.js';
import type { Tokenizer } from './tokenizer.js';
import {
  endOfTextToken,
  mergesText,
  specialTokensMapJson,
  tokenizerConfigJson,
  tokenizerJson,
  vocabJson,
} from './tokenizer-files.js';

/** Words longer than this are not remembered, and no more of them than that: some 20 MB. */
const longestRemembered = 64;
const mostRemembered = 2 ** 17;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Everything special here decodes to nothing, and no text encodes to it. */
export class GPT2Tokenizer implements Tokenizer {
  readonly endOfText = gpt2EndOfText;
  private readonly encoder = gpt2Encoder();
  private readonly byteStrings = gpt2ByteStrings();
  private readonly remembered = new Map<string, readonly number[]>();

  /**
   * @param vocabularySize 50,257 and, beyond that, a folder's additional special tokens.
   * @param files what `files()` gives.
   */
  constructor(
    readonly vocabularySize: number,
    readonly files: () => ReadonlyMap<string, string>,
  ) {}

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const piece of piecesOf(text)) {
      const tokens = this.remembered.get(piece) ?? this.encodePiece(piece);
      for (const id of tokens) ids.push(id);
    }
    return ids;
  }

  decode(ids: ArrayLike<number>): string {
    let bytes = '';
    for (let index = 0; index < ids.length; index++) bytes += this.byteStrings[ids[index] ?? -1] ?? '';
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  }

  private encodePiece(piece: string): readonly number[] {
    const tokens = this.encoder.encode(byteString(piece));
    if (piece.length <= longestRemembered) {
      if (this.remembered.size >= mostRemembered) this.remembered.clear();
      this.remembered.set(piece, tokens);
    }
    return tokens;
  }
}

/** GPT-2's own tokenizer, without any file: for models that start from nothing. */
export function gpt2Tokenizer(): Tokenizer {
  return new GPT2Tokenizer(gpt2EndOfText + 1, gpt2Files);
}

/** The files of GPT-2's tokenizer. Some 300 ms the first time: the merges are worked out. */
export function gpt2Files(): ReadonlyMap<string, string> {
  written ??= writeFiles();
  return written;
}

let written: ReadonlyMap<string, string> | undefined;

function writeFiles(): ReadonlyMap<string, string> {
  const vocabulary = gpt2Vocabulary();
  const endOfText = { id: gpt2EndOfText, content: endOfTextToken, special: true };
  const config = { endOfTextToken, roles: {}, byteLevel: true, addPrefixSpace: false };
  return new Map([
    ['tokenizer.json', tokenizerJson(vocabulary, [endOfText])],
    ['vocab.json', vocabJson(vocabulary.vocab)],
    ['merges.txt', mergesText(vocabulary.merges)],
    ['tokenizer_config.json', tokenizerConfigJson(config)],
    ['special_tokens_map.json', specialTokensMapJson(config)],
  ]);
}
