// New tokens of up to N sequences through the model, with the keys and values of everything before kept on the device.
// All sequences have the same number of tokens. They share what they have in common: a prompt is computed once, and
// `reorder` moves no numbers (see KeyValueCache). Knows nothing of how the next token is chosen.

import type { Device, KeyValueCache } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { IntegerArrays } from './integer-arrays.js';
import { LmHead } from './lm-head.js';

/** The most prompt tokens that are computed at a time. */
const promptChunk = 256;

export interface DecodingPassOptions {
  /** N, the most sequences that are continued side by side. */
  readonly sequences: number;
  /** P, the most tokens of a sequence; at most the model's nPositions. */
  readonly contextLength: number;
}

export class DecodingPass {
  readonly sequences: number;
  readonly contextLength: number;
  private readonly device: Device;
  private readonly head: LmHead;
  private readonly keysAndValues: readonly Pick<KeyValueCache, 'keys' | 'values'>[];
  private readonly owners: Tensor;
  /** Everything else that changes from step to step: lengths, tokens, positions and where the logits are wanted. */
  private readonly integers: Tensor;
  private readonly activations: BlockActivations;
  private readonly branch: Tensor;
  private readonly final: { readonly stream: Tensor; readonly out: Tensor; readonly stats: Tensor };
  private readonly last: Tensor;
  private readonly logits: Tensor;
  private readonly dropouts: ModelDropouts;
  /** What `owners` on the device is to hold, [N][P]. */
  private readonly ownerTable: Int32Array;
  private ownersChanged = true;
  /** How many tokens the cache holds of each sequence. */
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

  /** How many more tokens fit. */
  get room(): number {
    return this.contextLength - this.filled;
  }

  /** Forgets all tokens but the first `length`. */
  rewind(length: number): void {
    if (!(length >= 0 && length <= this.filled))
      throw new RangeError(`cannot go back to ${length} of ${this.filled} tokens`);
    this.filled = length;
    this.inherit(Array.from({ length: this.sequences }, (_, sequence) => sequence));
  }

  /**
   * Appends tokens to the first sequence, whose past then becomes that of every sequence.
   * @param tokens at least 1 and at most `room`.
   * @returns logits [V] after the last one.
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
   * Appends one token to each of the first B sequences; the others are lost.
   * @param tokens [B], 1 <= B <= N; `room` must be at least 1.
   * @returns logits [B,V].
   */
  advance(tokens: ArrayLike<number>): Float32Array {
    const count = tokens.length;
    if (count === 0 || count > this.sequences || this.room === 0)
      throw new RangeError(`${count} sequences where ${this.sequences} and ${this.room} more tokens fit`);
    this.forward(Array.from(tokens), count);
    return this.head.unpadded(this.device.download(this.logits.rows(count)));
  }

  /** Lets sequence b go on from the past of sequence `parents[b]`, for the first `parents.length` sequences. */
  reorder(parents: readonly number[]): void {
    this.inherit(parents);
  }

  /** Owners of what is filled come from the parents; what will be filled is each sequence's own. */
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

  /** `tokens` are as many for each of the first `sequences`, one sequence after the other. */
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
    // A step of decoding is the same work each time; prompts have all lengths.
    if (count === 1) this.device.replay(this, `advance ${sequences}`, compute);
    else compute();
    this.filled += count;
  }
}
