// The language-model head and its loss. Logits are computed only for supervised positions, and only one chunk at a time:
// the loss kernel overwrites them with their gradient, which is used before the next chunk is computed.

import type { Device } from '../device/device.js';
import { bytesPerElement, type DType, type Tensor } from '../device/tensor.js';
import type { GPT2Config } from './gpt2-config.js';
import type { Parameter, Parameters } from './parameters.js';

/** The size of a logits chunk. Each chunk adds to the gradient of the whole table, so chunks should not be small. */
const chunkBytes = 128 * 2 ** 20;

/** The number of positions whose logits `hits` downloads at a time: about 13 MB for GPT-2's vocabulary. */
const downloadedRows = 64;

/** The training signal of the head: which positions are supervised, and their targets. */
export interface Supervision {
  /** i32[S], distinct row indices of hidden. */
  readonly rows: Tensor;
  /** i32[S], token ids; negative for padding. */
  readonly targets: Tensor;
  readonly labelSmoothing: number;
}

/** The name of the parameter that hidden states are multiplied with to get logits. */
export function headTable({ tieWordEmbeddings }: GPT2Config): string {
  return tieWordEmbeddings ? 'wte.weight' : 'lm_head.weight';
}

/** The number of logits per row on the device: the vocabulary plus padding. */
export function logitsWidth({ vocabularyMultiple }: Device, { vocabSize }: GPT2Config): number {
  return Math.ceil(vocabSize / vocabularyMultiple) * vocabularyMultiple;
}

/** The most supervised positions whose logits are computed at a time. */
export function headChunkRows({ rowMultiple }: Device, { vocabSize }: GPT2Config, dtype: DType): number {
  const bytesOfMultiple = bytesPerElement[dtype] * vocabSize * rowMultiple;
  return Math.max(1, Math.floor(chunkBytes / bytesOfMultiple)) * rowMultiple;
}

export class LmHead {
  /** W, the number of logits per row: V plus padding. The padding logits are 0 and must be ignored. */
  readonly width: number;
  private readonly vocabulary: number;
  private readonly table: Parameter;
  private readonly selected: Tensor;
  private readonly logits: Tensor;
  private readonly chunkRows: number;

  /** @param capacity the maximum number of supervised positions of a batch. */
  constructor(
    private readonly device: Device,
    parameters: Parameters,
    config: GPT2Config,
    capacity: number,
  ) {
    const { nEmbd, vocabSize } = config;
    const { dtype } = parameters;
    this.width = logitsWidth(device, config);
    this.vocabulary = vocabSize;
    this.table = parameters.reserved(headTable(config));
    this.chunkRows = Math.min(capacity, headChunkRows(device, config, dtype));
    this.selected = device.allocate('activations', [capacity, nEmbd], dtype);
    this.logits = device.allocate('logits chunk', [this.chunkRows, this.width], dtype);
  }

  /** Writes losses[S] of hidden[R,C]. */
  loss(losses: Tensor, hidden: Tensor, supervision: Supervision): void {
    this.eachChunk(losses, hidden, supervision, undefined, () => {});
  }

  /**
   * Writes losses[S] of hidden[R,C] and gradHidden[R,C], and adds to the gradient of the table. The gradients are those of
   * the sum of losses times both numbers of gradientScale f32[2]. `gradSelected` is scratch memory, [R,C].
   */
  lossWithGradient(
    losses: Tensor,
    gradHidden: Tensor,
    gradSelected: Tensor,
    hidden: Tensor,
    supervision: Supervision,
    gradientScale: Tensor,
  ): void {
    const { value, gradient, packed } = this.table;
    this.eachChunk(losses, hidden, supervision, gradientScale, (gradLogits, selected, from) => {
      const count = selected.extent(0);
      this.device.matmul(gradSelected.rows(count, from), gradLogits, value, { packedB: packed.backward });
      this.device.matmul(gradient, gradLogits, selected, { transposeA: true, accumulate: true });
    });
    const { rows } = supervision;
    this.device.scatterRows(gradHidden, gradSelected.rows(rows.size), rows);
  }

  /** out[R,W] = logits of x[R,C]. */
  project(out: Tensor, x: Tensor): void {
    const { value, packed } = this.table;
    this.device.matmul(out, x, value, { transposeB: true, packedB: packed.forward });
  }

  /**
   * For each target, 1 if no other token has a larger logit in its row of hidden[R,C], otherwise 0. Downloads the logits a
   * few rows at a time.
   * @param rows i32[S], row indices of hidden; S is at least the number of targets.
   */
  hits(hidden: Tensor, rows: Tensor, targets: Int32Array): Uint8Array {
    const selected = this.selected.rows(rows.size);
    this.device.gatherRows(selected, hidden, rows);
    const hits = new Uint8Array(targets.length);
    const atATime = Math.min(
      this.chunkRows,
      Math.ceil(downloadedRows / this.device.rowMultiple) * this.device.rowMultiple,
    );
    for (let from = 0; from < targets.length; from += atATime) {
      const count = Math.min(atATime, rows.size - from);
      const logits = this.logits.rows(count);
      this.project(logits, selected.rows(count, from));
      const numbers = this.device.download(logits);
      for (let row = 0; row < count && from + row < targets.length; row++) {
        const start = row * this.width;
        const rowLogits = numbers.subarray(start, start + this.vocabulary);
        hits[from + row] = isLargest(rowLogits, targets[from + row] ?? -1) ? 1 : 0;
      }
    }
    return hits;
  }

  /** Calls `consume` with the logits of hidden[R,C], one chunk [rows,W] at a time. Each chunk overwrites the last. */
  eachLogits(hidden: Tensor, consume: (logits: Tensor) => void): void {
    const rows = hidden.extent(0);
    for (let from = 0; from < rows; from += this.chunkRows) {
      const count = Math.min(this.chunkRows, rows - from);
      const logits = this.logits.rows(count);
      this.project(logits, hidden.rows(count, from));
      consume(logits);
    }
  }

  /** Removes the padding from downloaded logits: [R,W] to [R,V]. Overwrites its argument. */
  unpadded(logits: Float32Array): Float32Array {
    const { width, vocabulary } = this;
    if (width === vocabulary) return logits;
    const rows = logits.length / width;
    // This works in place because each row moves towards the start.
    for (let row = 1; row < rows; row++)
      logits.copyWithin(row * vocabulary, row * width, row * width + vocabulary);
    return logits.subarray(0, rows * vocabulary);
  }

  private eachChunk(
    losses: Tensor,
    hidden: Tensor,
    { rows, targets, labelSmoothing }: Supervision,
    gradientScale: Tensor | undefined,
    consume: (gradLogits: Tensor, selected: Tensor, from: number) => void,
  ): void {
    const selected = this.selected.rows(rows.size);
    this.device.gatherRows(selected, hidden, rows);
    for (let from = 0; from < rows.size; from += this.chunkRows) {
      const count = Math.min(this.chunkRows, rows.size - from);
      const logits = this.logits.rows(count);
      const chunk = selected.rows(count, from);
      this.project(logits, chunk);
      this.device.crossEntropy(losses.rows(count, from), logits, targets.rows(count, from), {
        labelSmoothing,
        vocabulary: this.vocabulary,
        ...(gradientScale && { gradientScale }),
      });
      consume(logits, chunk, from);
    }
  }
}

/** Whether no value is larger than the one at `index`. Always false if that value is NaN. */
function isLargest(values: Float32Array, index: number): boolean {
  const candidate = values[index] ?? Number.NaN;
  for (let at = 0; at < values.length; at++) if (!((values[at] ?? 0) <= candidate)) return false;
  return true;
}
