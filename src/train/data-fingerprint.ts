// Identifies the encoded dialogues of a run in their order, and the options that order them. A run resumes only with the same.

import { createHash } from 'node:crypto';
import type { LabelledTokens } from '../corpus/encode-dialogue.js';

interface OrderOptions {
  readonly perDeviceTrainBatchSize: number;
  readonly gradientAccumulationSteps: number;
  readonly packing: boolean;
  readonly seed: number;
}

/** A call of the hash takes longer than hashing a dialogue. */
const pieceBytes = 2 ** 16;
const endOfDialogue = Buffer.from('|');

export class DataFingerprint {
  private readonly hash = createHash('sha256');
  private readonly piece = new Uint8Array(pieceBytes);
  private filled = 0;

  constructor(options: OrderOptions, maxLength: number) {
    const { perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed } = options;
    const layout = [maxLength, perDeviceTrainBatchSize, gradientAccumulationSteps, packing, seed];
    this.hash.update(JSON.stringify(layout));
  }

  add({ tokens, targets }: LabelledTokens): void {
    for (const { buffer, byteOffset, byteLength } of [tokens, targets])
      this.update(new Uint8Array(buffer, byteOffset, byteLength));
    this.update(endOfDialogue);
  }

  digest(): string {
    this.flush();
    return this.hash.digest('hex');
  }

  private update(bytes: Uint8Array): void {
    if (this.filled + bytes.length > pieceBytes) this.flush();
    if (bytes.length > pieceBytes) this.hash.update(bytes);
    else {
      this.piece.set(bytes, this.filled);
      this.filled += bytes.length;
    }
  }

  private flush(): void {
    this.hash.update(this.piece.subarray(0, this.filled));
    this.filled = 0;
  }
}
