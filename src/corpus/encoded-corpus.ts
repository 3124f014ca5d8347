// Stores encoded dialogues compactly: two bytes per token if the vocabulary allows it, and one bit that says whether the
// next token is learned. A target is always the next token, so targets are not stored separately. A large corpus lies on
// disk.

import { Spool } from '../files/spool.js';
import { type LabelledTokens, unsupervised } from './encode-dialogue.js';
import { Extents } from './extents.js';

export class EncodedCorpus {
  tokens = 0;
  supervisedTokens = 0;
  private readonly spool = new Spool();
  private readonly ids: 'uint16' | 'uint32';
  private scratch = Buffer.allocUnsafeSlow(2 ** 14);
  /** The dialogues in `spool`; lengths are in tokens. */
  private readonly extents = new Extents((tokens) => this.bytesOf(tokens));

  /** @param vocabularySize all ids are smaller than this. */
  constructor(vocabularySize: number) {
    this.ids = vocabularySize <= 2 ** 16 ? 'uint16' : 'uint32';
  }

  static of(dialogues: Iterable<LabelledTokens>, vocabularySize = 2 ** 16): EncodedCorpus {
    const corpus = new EncodedCorpus(vocabularySize);
    for (const dialogue of dialogues) corpus.push(dialogue);
    return corpus;
  }

  /** Number of dialogues. */
  get length(): number {
    return this.extents.length;
  }

  push({ tokens, targets, supervisedTokens }: LabelledTokens): void {
    const { length } = tokens;
    const { ids, learned } = this.layout(length, this.roomFor(this.bytesOf(length)));
    ids.set(tokens);
    ids[length] = 0;
    learned.fill(0);
    for (let position = 0; position < length; position++) {
      const target = targets[position] ?? unsupervised;
      if (target === unsupervised) continue;
      if (position + 1 < length && target !== tokens[position + 1])
        throw new RangeError(`target ${target} is not the token that follows position ${position}`);
      // One place after the last input holds the final token, which is only a target.
      ids[position + 1] = target;
      learned[position >> 3] = (learned[position >> 3] ?? 0) | (1 << (position & 7));
    }
    this.spool.append(this.scratch.subarray(0, this.bytesOf(length)));
    this.extents.push(length);
    this.tokens += length;
    this.supervisedTokens += supervisedTokens;
  }

  /** Number of input tokens of a dialogue. */
  lengthOf(index: number): number {
    return this.extents.lengthOf(index);
  }

  /** @param index in [0, length). @throws RangeError if it is not. */
  at(index: number): LabelledTokens {
    if (!(index >= 0 && index < this.length)) throw new RangeError(`there is no dialogue ${index}`);
    const length = this.extents.lengthOf(index);
    const bytes = this.spool.read(this.extents.startOf(index), this.bytesOf(length));
    // A copy, because a typed array needs an aligned offset.
    const scratch = this.roomFor(bytes.length);
    scratch.set(bytes);
    const { ids, learned } = this.layout(length, scratch);
    const tokens = new Int32Array(ids.subarray(0, length));
    const targets = new Int32Array(length).fill(unsupervised);
    let supervisedTokens = 0;
    for (let position = 0; position < length; position++) {
      if (((learned[position >> 3] ?? 0) & (1 << (position & 7))) === 0) continue;
      targets[position] = ids[position + 1] ?? unsupervised;
      supervisedTokens++;
    }
    return { tokens, targets, supervisedTokens };
  }

  *[Symbol.iterator](): Generator<LabelledTokens> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** A dialogue: its ids with the one after the last input, then a bit per input. */
  private layout(length: number, bytes: Buffer): { ids: Uint16Array | Uint32Array; learned: Uint8Array } {
    const { buffer, byteOffset } = bytes;
    const ids =
      this.ids === 'uint16'
        ? new Uint16Array(buffer, byteOffset, length + 1)
        : new Uint32Array(buffer, byteOffset, length + 1);
    return { ids, learned: new Uint8Array(buffer, byteOffset + ids.byteLength, Math.ceil(length / 8)) };
  }

  private bytesOf(length: number): number {
    return (length + 1) * (this.ids === 'uint16' ? 2 : 4) + Math.ceil(length / 8);
  }

  private roomFor(bytes: number): Buffer {
    if (bytes > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(2 * bytes);
    return this.scratch;
  }
}
