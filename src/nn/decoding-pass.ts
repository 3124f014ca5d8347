// Runs new tokens of up to N sequences through the model; the keys and values of earlier tokens stay on the device. All
// sequences have the same length. They share common prefixes: a prompt is computed once, and `reorder` copies no keys or
// values (see KeyValueCache). It does not know how the next token is chosen.

import type { Device, KeyValueCache } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { IntegerArrays } from './integer-arrays.js';
import { LmHead } from './lm-head.js';

/** The maximum number of prompt tokens computed at a time. */
const promptChunk = 256;

export interface DecodingPassOptions {
  /** N, the maximum number of sequences that are continued in parallel. */
  readonly sequences: number;
  /** P, the maximum number of tokens of a sequence; at most the model's nPositions. */
  readonly contextLength: number;
}

export class DecodingPass {
  readonly sequences: number;
  readonly contextLength: number;
  private readonly device: Device;
  private readonly head: LmHead;
  private readonly keysAndValues: readonly Pick<KeyValueCache, 'keys' | 'values'>[];
  private readonly owners: Tensor;
  /** The other integers that change from step to step: lengths, tokens, positions and the last position of each sequence. */
  private readonly integers: Tensor;
  private readonly activations: BlockActivations;
  private readonly branch: Tensor;
  private readonly final: { readonly stream: Tensor; readonly out: Tensor; readonly stats: Tensor };
  private readonly last: Tensor;
  private readonly logits: Tensor;
  private readonly dropouts: ModelDropouts;
  /** The host copy of `owners`, [N][P]. */
  private readonly ownerTable: Int32Array;
  private ownersChanged = true;
  /** How many tokens of each sequence are in the cache. */
  private filled = 0;

  constructor(
    private readonly model: GPT2,
    { sequences, contextLength }: DecodingPassOptions,
  ) {
    const { device, config, parameters } = model;
    const { nEmbd, nLayer } = config;
    const rows = Math.max(sequences, Math.min(promptChunk, contextLength));
    const allocate = (shape: readonly number[], type = parameters.dtype) =>
      device.allocate('decoding', shape, type);
    const integers = (...shape: number[]) => device.allocate('decoding', shape, 'i32');
    this.sequences = sequences;
    this.contextLength = contextLength;
    this.device = device;
    this.head = new LmHead(device, model.parameters, config, 1);
    this.owners = integers(sequences, contextLength);
    this.ownerTable = Int32Array.from({ length: sequences * contextLength }, (_, at) =>
      Math.floor(at / contextLength),
    );
    this.keysAndValues = Array.from({ length: nLayer }, () => ({
      keys: allocate([sequences, contextLength, nEmbd]),
      values: allocate([sequences, contextLength, nEmbd]),
    }));
    this.integers = integers(2 * (rows + sequences));
    this.activations = new BlockActivations(device, config, rows, parameters.dtype);
    this.branch = allocate([rows, nEmbd]);
    this.final = {
      stream: allocate([rows, nEmbd]),
      out: allocate([rows, nEmbd]),
      stats: allocate([rows, 2], 'f32'),
    };
    this.last = allocate([sequences, nEmbd]);
    this.logits = allocate([sequences, this.head.width], 'f32');
    this.dropouts = modelDropouts(config, integers(3), false);
  }

  /** How many tokens each sequence has. */
  get length(): number {
    return this.filled;
  }

  /** How many more tokens each sequence can take. */
  get room(): number {
    return this.contextLength - this.filled;
  }

  /** Drops all tokens after the first `length`. */
  rewind(length: number): void {
    if (!(length >= 0 && length <= this.filled))
      throw new RangeError(`cannot rewind from ${this.filled} to ${length} tokens`);
    this.filled = length;
    this.inherit(Array.from({ length: this.sequences }, (_, sequence) => sequence));
  }

  /**
   * Appends tokens to the first sequence, then makes every sequence a copy of it.
   * @param tokens at least 1 and at most `room`.
   * @returns the logits [V] after the last token.
   */
  prompt(tokens: ArrayLike<number>): Float32Array {
    if (tokens.length === 0 || tokens.length > this.room)
      throw new RangeError(`${tokens.length} tokens where ${this.room} fit`);
    for (let from = 0; from < tokens.length; from += promptChunk)
      this.forward(Array.from(tokens).slice(from, from + promptChunk), 1);
    this.inherit(new Array<number>(this.sequences).fill(0));
    return this.head.unpadded(this.device.download(this.logits.rows(1)));
  }

  /**
   * Appends one token to each of the first B sequences. The other sequences become invalid.
   * @param tokens [B], 1 <= B <= N; `room` must be at least 1.
   * @returns the logits [B,V] after each token.
   */
  advance(tokens: ArrayLike<number>): Float32Array {
    const count = tokens.length;
    if (count === 0 || count > this.sequences || this.room === 0)
      throw new RangeError(`${count} sequences where ${this.sequences} and ${this.room} more tokens fit`);
    this.forward(Array.from(tokens), count);
    return this.head.unpadded(this.device.download(this.logits.rows(count)));
  }

  /** Makes sequence b continue from the tokens of sequence `parents[b]`, for the first `parents.length` sequences. */
  reorder(parents: readonly number[]): void {
    this.inherit(parents);
  }

  /** Copies the owners of cached positions from each parent. Each sequence owns its future positions itself. */
  private inherit(parents: readonly number[]): void {
    const { contextLength, ownerTable, filled } = this;
    const before = ownerTable.slice();
    for (const [sequence, parent] of parents.entries()) {
      const start = sequence * contextLength;
      ownerTable.set(before.subarray(parent * contextLength, parent * contextLength + filled), start);
      ownerTable.fill(sequence, start + filled, start + contextLength);
    }
    this.ownersChanged = true;
  }

  /** @param tokens the same number for each of the first `sequences` sequences, one sequence after another. */
  private forward(tokens: readonly number[], sequences: number): void {
    const rows = tokens.length;
    const count = rows / sequences;
    const arrays = new IntegerArrays(this.integers);
    const lengths = arrays.put([], sequences, () => this.filled);
    const lastRows = arrays.put([], sequences, (sequence) => (sequence + 1) * count - 1);
    const input = {
      tokens: arrays.put(tokens),
      positions: arrays.put([], rows, (row) => this.filled + (row % count)),
    };
    arrays.upload(this.device);
    if (this.ownersChanged) this.device.upload(this.owners, this.ownerTable);
    this.ownersChanged = false;
    const owners = this.owners.rows(sequences);
    const { stream, out, stats } = this.final;
    const activations = {
      blocks: this.keysAndValues.map(() => this.activations),
      branch: this.branch.rows(rows),
      final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
    };
    const caches = this.keysAndValues.map((layer) => ({ ...layer, lengths, owners }));
    const last = this.last.rows(sequences);
    const compute = () => {
      this.model.forward(activations, input, { kind: 'cached', caches }, this.dropouts);
      this.device.gatherRows(last, activations.final.out, lastRows);
      this.head.project(this.logits.rows(sequences), last);
    };
    // A decoding step is always the same work and can be replayed. Prompts differ in length.
    if (count === 1) this.device.replay(this, `advance ${sequences}`, compute);
    else compute();
    this.filled += count;
  }
}
