// Runs the model over slots: sequences of their own lengths, each with an entry in the key-value cache. A pass reads a piece of
// one slot's prompt, or adds a token to any set of slots. The bits of a slot never depend on the others: passes have a number of
// rows in which the device rounds the same way (`steadyRows`), or always the same number. It does not know why slots are chosen.

import type { Device, KeyValueCache } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { IntegerArrays } from './integer-arrays.js';
import { LmHead } from './lm-head.js';
import { PromptPieces } from './prompt-pieces.js';

export interface SlotPassOptions {
  /** N, the number of sequences. */
  readonly slots: number;
  /** P, the most tokens of a sequence; at most the model's nPositions. */
  readonly contextLength: number;
  /** The most prompt tokens of a pass. */
  readonly chunk: number;
}

/** A token for a slot. */
export interface Advance {
  readonly slot: number;
  readonly token: number;
}

/** A single row has kernels of its own, which round differently. */
const leastRows = 2;

export class SlotPass {
  readonly slots: number;
  readonly contextLength: number;
  readonly pieces: PromptPieces;
  /** The most slots that advance in one forward pass; more of them take several. */
  readonly mostAdvanced: number;
  private readonly device: Device;
  /** Whether a pass may have any number of rows up to `mostAdvanced`. Otherwise it always has so many, and the cache an entry more. */
  private readonly anyRows: boolean;
  private readonly head: LmHead;
  private readonly keysAndValues: readonly Pick<KeyValueCache, 'keys' | 'values'>[];
  /** Row s names entry s throughout, for prompts. */
  private readonly own: Tensor;
  /** Row r names the entry of the slot that is row r of the pass. */
  private readonly owners: Tensor;
  private readonly ownerTable: Int32Array;
  private readonly integers: Tensor;
  private readonly activations: BlockActivations;
  private readonly branch: Tensor;
  private readonly final: { readonly stream: Tensor; readonly out: Tensor; readonly stats: Tensor };
  private readonly last: Tensor;
  private readonly logits: Tensor;
  private readonly losses: Tensor;
  private readonly dropouts: ModelDropouts;
  private readonly filled: number[];
  /** Memory for downloaded logits. */
  private readonly host: Float32Array;
  private prepared = false;
  /** The rows of the piece that was read last. */
  private rowsRead = 0;
  /** The slots of the rows that `owners` holds. */
  private rowSlots: number[] = [];

  constructor(
    private readonly model: GPT2,
    { slots, contextLength, chunk }: SlotPassOptions,
  ) {
    const { device, config, parameters } = model;
    const { nEmbd, nLayer } = config;
    const steady = device.steadyRows.find(({ least }) => least <= leastRows);
    this.slots = slots;
    this.contextLength = contextLength;
    this.device = device;
    this.pieces = new PromptPieces(device, chunk);
    this.anyRows = steady !== undefined;
    this.mostAdvanced = Math.max(leastRows, Math.min(slots, steady?.most ?? slots));
    const rows = Math.max(this.mostAdvanced, Math.min(chunk, contextLength));
    const entries = this.anyRows ? slots : slots + 1;
    const allocate = (shape: readonly number[], type = parameters.dtype) =>
      device.allocate('decoding', shape, type);
    const integers = (...shape: number[]) => device.allocate('decoding', shape, 'i32');
    this.head = new LmHead(device, parameters, config, 1);
    this.own = integers(slots, contextLength);
    this.owners = integers(this.mostAdvanced, contextLength);
    this.ownerTable = new Int32Array(this.mostAdvanced * contextLength);
    this.keysAndValues = Array.from({ length: nLayer }, () => ({
      keys: allocate([entries, contextLength, nEmbd]),
      values: allocate([entries, contextLength, nEmbd]),
    }));
    this.integers = integers(2 * rows + 2 * this.mostAdvanced + slots);
    this.activations = new BlockActivations(device, config, rows, parameters.dtype);
    this.branch = allocate([rows, nEmbd]);
    this.final = {
      stream: allocate([rows, nEmbd]),
      out: allocate([rows, nEmbd]),
      stats: allocate([rows, 2], 'f32'),
    };
    this.last = allocate([this.mostAdvanced, nEmbd]);
    const results = Math.ceil(slots / this.mostAdvanced) * this.mostAdvanced;
    this.logits = allocate([results, this.head.width], 'f32');
    this.losses = allocate([results], 'f32');
    this.host = new Float32Array(results * this.head.width);
    this.dropouts = modelDropouts(config, integers(3), false);
    this.filled = new Array<number>(entries).fill(0);
  }

  /** How many tokens a slot has. */
  length(slot: number): number {
    const length = this.filled[slot];
    if (length === undefined) throw new RangeError(`there is no slot ${slot} of ${this.slots}`);
    return length;
  }

  /** Copies what slot `from` has read at positions start..end to another slot, which holds the positions before. */
  copy(from: number, to: number, start: number, end: number): void {
    if (start > this.length(to) || end > this.length(from) || start >= end)
      throw new RangeError(`cannot copy ${start}..${end} from slot ${from} to slot ${to}`);
    const width = this.model.config.nEmbd;
    for (const layer of this.keysAndValues)
      for (const tensor of [layer.keys, layer.values]) {
        const part = (slot: number) =>
          tensor.view((slot * this.contextLength + start) * width, [end - start, width]);
        this.device.copy(part(to), part(from));
      }
    this.filled[to] = end;
  }

  /**
   * Reads the next piece of a slot's prompt, as `pieces` cuts it. Tokens of the slot after the first `filled` are dropped.
   * @param filled how many of the prompt's tokens the slot holds.
   * @returns how many of them it holds now.
   */
  read(slot: number, prompt: readonly number[], filled: number): number {
    const { from, to } = this.pieces.next(prompt.length, filled);
    if (filled > this.length(slot) || to > this.contextLength || from >= to)
      throw new RangeError(
        `cannot read ${from}..${to} of ${this.contextLength} into slot ${slot} after ${filled}`,
      );
    if (!this.prepared) this.device.upload(this.own, ownEntries(this.slots, this.contextLength));
    this.prepared = true;
    const arrays = new IntegerArrays(this.integers);
    const count = to - from;
    const input = {
      tokens: arrays.put(prompt.slice(from, to)),
      positions: arrays.put([], count, (row) => from + row),
    };
    const lengths = arrays.put([from]);
    arrays.upload(this.device);
    this.forward(input, lengths, this.own.rows(1, slot));
    this.filled[slot] = to;
    this.rowsRead = count;
    return to;
  }

  /** The logits [V] after the last token that `read` has read, valid until the next pass. */
  logitsAfterRead(): Float32Array {
    this.projectRead(this.rowsRead - 1, 1);
    return this.downloaded(1)[0] ?? new Float32Array();
  }

  /** The log-likelihoods, in nats, of the tokens that follow the last `next.length` tokens that `read` has read. */
  likelihoodsAfterRead(next: readonly number[]): number[] {
    const pieces = Math.ceil(next.length / this.mostAdvanced);
    return Array.from({ length: pieces }, (_, piece) => {
      const at = piece * this.mostAdvanced;
      const tokens = next.slice(at, at + this.mostAdvanced);
      this.projectRead(this.rowsRead - next.length + at, tokens.length);
      return this.likelihoods(tokens);
    }).flat();
  }

  /**
   * Adds a token to each of some slots, in as few forward passes as possible.
   * @param advances distinct slots with room for a token.
   * @returns the logits [V] after each token, valid until the next pass.
   */
  advance(advances: readonly Advance[]): Float32Array[] {
    for (let from = 0; from < advances.length; from += this.mostAdvanced)
      this.advanceTogether(advances.slice(from, from + this.mostAdvanced), from);
    return this.downloaded(advances.length);
  }

  /** The log-likelihoods, in nats, of one token for each of the logits that were given last, in their order. */
  likelihoods(tokens: readonly number[]): number[] {
    const count = tokens.length;
    const arrays = new IntegerArrays(this.integers);
    const targets = arrays.put(tokens);
    arrays.upload(this.device);
    const losses = this.losses.rows(count);
    const { vocabSize: vocabulary } = this.model.config;
    this.device.crossEntropy(losses, this.logits.rows(count), targets, { labelSmoothing: 0, vocabulary });
    return Array.from(this.device.download(losses), (loss) => -loss);
  }

  /** @param first the row of `logits` that gets the logits of the first slot. */
  private advanceTogether(advances: readonly Advance[], first: number): void {
    const count = advances.length;
    const rows = this.rowsFor(count);
    // Idle rows all compute and store the same: where there may be many, a first token in an entry of their own, which costs the
    // least; the one row that makes two repeats the first.
    const [repeated] = advances;
    const idle = this.anyRows && repeated ? repeated : { slot: this.slots, token: 0 };
    const padded = [...advances, ...new Array<Advance>(rows - count).fill(idle)];
    const lengths = padded.map(({ slot }) => this.length(slot));
    if (lengths.some((length) => length >= this.contextLength)) throw new RangeError('a slot is full');
    const arrays = new IntegerArrays(this.integers);
    const input = {
      tokens: arrays.put(padded.map(({ token }) => token)),
      positions: arrays.put(lengths),
    };
    const lengthsOf = arrays.put(lengths);
    arrays.upload(this.device);
    this.nameOwners(padded.map(({ slot }) => slot));
    const owners = this.owners.rows(rows);
    const logits = this.logits.rows(rows, first);
    // A pass of so many rows is always the same work and can be replayed.
    this.device.replay(this, `advance ${rows} from ${first}`, () => {
      const out = this.forward(input, lengthsOf, owners);
      this.head.project(logits, out);
    });
    for (const { slot } of advances) this.filled[slot] = this.length(slot) + 1;
  }

  private rowsFor(count: number): number {
    return this.anyRows ? Math.max(leastRows, count) : this.mostAdvanced;
  }

  private forward(
    input: { readonly tokens: Tensor; readonly positions: Tensor },
    lengths: Tensor,
    owners: Tensor,
  ): Tensor {
    const rows = input.tokens.size;
    const { stream, out, stats } = this.final;
    const activations = {
      blocks: this.keysAndValues.map(() => this.activations),
      branch: this.branch.rows(rows),
      final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
    };
    const caches = this.keysAndValues.map((layer) => ({ ...layer, lengths, owners }));
    this.model.forward(activations, input, { kind: 'cached', caches }, this.dropouts);
    return activations.final.out;
  }

  /** The logits of rows from..from+count of the piece that was read last, at most `mostAdvanced`. */
  private projectRead(from: number, count: number): void {
    const rows = this.rowsFor(count);
    const arrays = new IntegerArrays(this.integers);
    const index = arrays.put([], rows, (row) => from + Math.min(row, count - 1));
    arrays.upload(this.device);
    const last = this.last.rows(rows);
    this.device.gatherRows(last, this.final.out, index);
    this.head.project(this.logits.rows(rows), last);
  }

  private downloaded(rows: number): Float32Array[] {
    const into = this.host.subarray(0, rows * this.head.width);
    const numbers = this.head.unpadded(this.device.download(this.logits.rows(rows), into));
    const width = numbers.length / rows;
    return Array.from({ length: rows }, (_, row) => numbers.subarray(row * width, (row + 1) * width));
  }

  /** Row r of `owners` names the entry of slot `slots[r]`. Nothing is uploaded while the slots stay the same. */
  private nameOwners(slots: readonly number[]): void {
    const { contextLength, ownerTable, rowSlots } = this;
    const changed = slots.flatMap((slot, row) => (rowSlots[row] === slot ? [] : [row]));
    for (const row of changed) {
      const slot = slots[row] ?? 0;
      ownerTable.fill(slot, row * contextLength, (row + 1) * contextLength);
      rowSlots[row] = slot;
    }
    if (changed.length === 0) return;
    this.device.upload(this.owners, ownerTable);
  }
}

function ownEntries(slots: number, contextLength: number): Int32Array {
  return Int32Array.from({ length: slots * contextLength }, (_, at) => Math.floor(at / contextLength));
}
