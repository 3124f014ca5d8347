// New tokens of B sequences through the model, with the keys and values of everything before kept on the device.
// Knows nothing of how the next token is chosen.

import type { Device, KeyValueCache } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { LmHead } from './lm-head.js';

/** The most prompt tokens of a sequence that are computed at a time. */
const promptChunk = 128;

export class DecodingPass {
  private readonly device: Device;
  private readonly head: LmHead;
  private readonly caches: readonly KeyValueCache[];
  private readonly lengths: Tensor;
  private readonly tokens: Tensor;
  private readonly positions: Tensor;
  private readonly lastRows: Tensor;
  private readonly activations: BlockActivations;
  private readonly branch: Tensor;
  private readonly final: { readonly stream: Tensor; readonly out: Tensor; readonly stats: Tensor };
  private readonly last: Tensor;
  private readonly logits: Tensor;
  private readonly dropouts: ModelDropouts;
  /** How many tokens of each sequence the cache holds. */
  private filled = 0;

  /** @param options how many sequences, and how many tokens each may have (at most nPositions). */
  constructor(
    private readonly model: GPT2,
    private readonly options: { readonly sequences: number; readonly contextLength: number },
  ) {
    const { device, config } = model;
    const { sequences, contextLength } = options;
    const { nEmbd, nLayer, vocabSize } = config;
    const rows = sequences * Math.min(promptChunk, contextLength);
    const allocate = (shape: readonly number[]) => device.allocate('decoding', shape);
    const integers = (length: number) => device.allocate('decoding', [length], 'i32');
    this.device = device;
    this.head = new LmHead(device, model.parameters, config, 1);
    this.lengths = integers(sequences);
    this.caches = Array.from({ length: nLayer }, () => ({
      keys: allocate([sequences, contextLength, nEmbd]),
      values: allocate([sequences, contextLength, nEmbd]),
      lengths: this.lengths,
    }));
    this.tokens = integers(rows);
    this.positions = integers(rows);
    this.lastRows = integers(sequences);
    this.activations = new BlockActivations(device, config, rows);
    this.branch = allocate([rows, nEmbd]);
    this.final = {
      stream: allocate([rows, nEmbd]),
      out: allocate([rows, nEmbd]),
      stats: allocate([rows, 2]),
    };
    this.last = allocate([sequences, nEmbd]);
    this.logits = allocate([sequences, vocabSize]);
    this.dropouts = modelDropouts(config, integers(3), false);
  }

  /** How many more tokens fit. */
  get room(): number {
    return this.options.contextLength - this.filled;
  }

  /** Forgets everything. */
  reset(): void {
    this.filled = 0;
  }

  /**
   * Appends the same number of tokens to every sequence.
   * @param tokens [B][n], n >= 1 and at most `room`.
   * @returns logits [B,V] after each sequence's last token.
   */
  advance(tokens: readonly ArrayLike<number>[]): Float32Array {
    const count = tokens[0]?.length ?? 0;
    if (count === 0 || count > this.room) throw new RangeError(`${count} tokens where ${this.room} fit`);
    for (let from = 0; from < count; from += promptChunk)
      this.advanceChunk(tokens.map((sequence) => Array.from(sequence).slice(from, from + promptChunk)));
    return this.device.download(this.logits);
  }

  private advanceChunk(tokens: readonly (readonly number[])[]): void {
    const { sequences } = this.options;
    const count = tokens[0]?.length ?? 0;
    const rows = sequences * count;
    const put = (target: Tensor, values: Iterable<number>) => {
      const data = Int32Array.from(values);
      const window = target.rows(data.length);
      this.device.upload(window, data);
      return window;
    };
    put(this.lengths, new Array<number>(sequences).fill(this.filled));
    const input = {
      tokens: put(this.tokens, tokens.flat()),
      positions: put(
        this.positions,
        Array.from({ length: rows }, (_, row) => this.filled + (row % count)),
      ),
    };
    const { stream, out, stats } = this.final;
    const activations = {
      blocks: this.caches.map(() => this.activations),
      branch: this.branch.rows(rows),
      final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
    };
    this.model.forward(activations, input, { kind: 'cached', caches: this.caches }, this.dropouts);
    const lastRows = put(
      this.lastRows,
      tokens.map((_, sequence) => (sequence + 1) * count - 1),
    );
    this.device.gatherRows(this.last, activations.final.out, lastRows);
    this.head.project(this.logits, this.last);
    this.filled += count;
  }
}
