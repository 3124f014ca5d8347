// Stores encoded dialogues compactly: two bytes per token if the vocabulary allows it, and one bit that says whether the
// next token is learned. A target is always the next token, so targets are not stored separately.

import { type LabelledTokens, unsupervised } from './encode-dialogue.js';
import { GrowingIntegers } from './growing-integers.js';

/** Capacity of one array, in tokens. */
const chunkTokens = 2 ** 21;

interface Chunk {
  readonly ids: Uint16Array | Uint32Array;
  /** One bit per position. */
  readonly learned: Uint8Array;
}

export class EncodedCorpus {
  tokens = 0;
  supervisedTokens = 0;
  private readonly chunks: Chunk[] = [];
  private filled = chunkTokens;
  private readonly chunkOf = new GrowingIntegers();
  private readonly starts = new GrowingIntegers();
  private readonly lengths = new GrowingIntegers();
  private readonly supervised = new GrowingIntegers();

  /** @param vocabularySize all ids are smaller than this. */
  constructor(private readonly vocabularySize: number) {}

  static of(dialogues: Iterable<LabelledTokens>, vocabularySize = 2 ** 16): EncodedCorpus {
    const corpus = new EncodedCorpus(vocabularySize);
    for (const dialogue of dialogues) corpus.push(dialogue);
    return corpus;
  }

  /** Number of dialogues. */
  get length(): number {
    return this.starts.length;
  }

  push({ tokens, targets, supervisedTokens }: LabelledTokens): void {
    const { length } = tokens;
    const chunk = this.chunkFor(length + 1);
    const start = this.filled;
    chunk.ids.set(tokens, start);
    for (let position = 0; position < length; position++) {
      const target = targets[position] ?? unsupervised;
      if (target === unsupervised) continue;
      if (position + 1 < length && target !== tokens[position + 1])
        throw new RangeError(`target ${target} is not the token that follows position ${position}`);
      // One place after the last input holds the final token, which is only a target.
      chunk.ids[start + position + 1] = target;
      const bit = start + position;
      chunk.learned[bit >> 3] = (chunk.learned[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    this.filled += length + 1;
    this.chunkOf.push(this.chunks.length - 1);
    this.starts.push(start);
    this.lengths.push(length);
    this.supervised.push(supervisedTokens);
    this.tokens += length;
    this.supervisedTokens += supervisedTokens;
  }

  /** Number of input tokens of a dialogue. */
  lengthOf(index: number): number {
    return this.lengths.at(index);
  }

  /** @param index in [0, length). @throws RangeError if it is not. */
  at(index: number): LabelledTokens {
    const chunk = this.chunks[this.chunkOf.at(index)];
    if (chunk === undefined || index >= this.length) throw new RangeError(`there is no dialogue ${index}`);
    const start = this.starts.at(index);
    const length = this.lengths.at(index);
    const tokens = Int32Array.from(chunk.ids.subarray(start, start + length));
    const targets = new Int32Array(length);
    for (let position = 0; position < length; position++) {
      const bit = start + position;
      const isLearnt = (chunk.learned[bit >> 3] ?? 0) & (1 << (bit & 7));
      targets[position] = isLearnt ? (chunk.ids[bit + 1] ?? unsupervised) : unsupervised;
    }
    return { tokens, targets, supervisedTokens: this.supervised.at(index) };
  }

  *[Symbol.iterator](): Generator<LabelledTokens> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** The last chunk, or a new one if the last lacks room for `ids` ids. */
  private chunkFor(ids: number): Chunk {
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || this.filled + ids > chunk.ids.length) {
      const size = Math.max(chunkTokens, ids);
      const narrow = this.vocabularySize <= 2 ** 16;
      chunk = {
        ids: narrow ? new Uint16Array(size) : new Uint32Array(size),
        learned: new Uint8Array(Math.ceil(size / 8)),
      };
      this.chunks.push(chunk);
      this.filled = 0;
    }
    return chunk;
  }
}
