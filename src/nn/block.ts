// A pre-LN transformer block. It takes in the branch that the block before left pending, adds its attention to the
// stream, and leaves its own MLP's output waiting for the next: each addition is fused with the layernorm after it.

import type { Allocator, Device, Dropout } from '../device/device.js';
import type { DType, Tensor } from '../device/tensor.js';
import { Attention, type BlockContext, type PackedBlockContext } from './attention.js';
import type { GPT2Config } from './gpt2-config.js';
import { LayerNorm, type PendingBranch } from './layernorm.js';
import { Mlp } from './mlp.js';
import type { Parameters } from './parameters.js';
import type { GradientScratch } from './scratch.js';

/** What backward needs of a block's forward pass: 8 C + 2 nInner + H + 4 numbers a row. */
export class BlockActivations {
  /** The stream as it enters the attention, [R,C]: all that recomputation needs. */
  private readonly entering: Tensor;
  private readonly normed: Tensor;
  private readonly normedStats: Tensor;
  private readonly qkv: Tensor;
  private readonly attended: Tensor;
  private readonly logSumExp: Tensor;
  /** The stream as it enters the MLP, [R,C]. */
  private readonly middle: Tensor;
  private readonly middleNormed: Tensor;
  private readonly middleStats: Tensor;
  private readonly preActivation: Tensor;
  private readonly activated: Tensor;

  /**
   * @param dtype what the model computes in; statistics are f32.
   * @param shared where given, everything but `entering` is the memory of these (gradient checkpointing).
   */
  constructor(
    allocator: Allocator,
    private readonly config: GPT2Config,
    capacity: number,
    dtype: DType,
    shared?: BlockActivations,
  ) {
    const { nEmbd, nHead, nInner } = config;
    const allocate = (width: number, type = dtype) =>
      allocator.allocate('activations', [capacity, width], type);
    this.entering = allocate(nEmbd);
    this.normed = shared?.normed ?? allocate(nEmbd);
    this.normedStats = shared?.normedStats ?? allocate(2, 'f32');
    this.qkv = shared?.qkv ?? allocate(3 * nEmbd);
    this.attended = shared?.attended ?? allocate(nEmbd);
    this.logSumExp = shared?.logSumExp ?? allocate(nHead, 'f32');
    this.middle = shared?.middle ?? allocate(nEmbd);
    this.middleNormed = shared?.middleNormed ?? allocate(nEmbd);
    this.middleStats = shared?.middleStats ?? allocate(2, 'f32');
    this.preActivation = shared?.preActivation ?? allocate(nInner);
    this.activated = shared?.activated ?? allocate(nInner);
  }

  /** The windows that a batch of `rows` rows uses, grouped by the layer that reads them. */
  of(rows: number) {
    const first = (tensor: Tensor) => tensor.rows(rows);
    return {
      entry: { stream: first(this.entering), out: first(this.normed), stats: first(this.normedStats) },
      attention: {
        qkv: first(this.qkv),
        attended: first(this.attended),
        logSumExp: this.logSumExp.view(0, [this.config.nHead, rows]),
      },
      middle: { stream: first(this.middle), out: first(this.middleNormed), stats: first(this.middleStats) },
      mlp: { preActivation: first(this.preActivation), activated: first(this.activated) },
    };
  }
}

/** Dropouts of the two branches; that of the attention's probabilities is part of its context. */
export interface BranchDropouts {
  readonly attention: Dropout;
  readonly mlp: Dropout;
}

export class Block {
  private readonly entryNorm: LayerNorm;
  private readonly attention: Attention;
  private readonly middleNorm: LayerNorm;
  private readonly mlp: Mlp;

  constructor(device: Device, parameters: Parameters, config: GPT2Config, layer: number) {
    this.entryNorm = new LayerNorm(device, parameters, `h.${layer}.ln_1`, config.layerNormEpsilon);
    this.attention = new Attention(device, parameters, config, layer);
    this.middleNorm = new LayerNorm(device, parameters, `h.${layer}.ln_2`, config.layerNormEpsilon);
    this.mlp = new Mlp(device, parameters, config, layer);
  }

  /**
   * @param before what waits to be taken in; null where the stream already lies in `entry.stream` (the embedding put
   *   it there, or an earlier forward pass whose other activations are to be computed again).
   * @param branch [R,C], where the output is left; may be `before.branch`.
   */
  forward(
    branch: Tensor,
    activations: BlockActivations,
    before: PendingBranch | null,
    context: BlockContext,
    dropouts: BranchDropouts,
  ): PendingBranch {
    const { entry, attention, middle, mlp } = activations.of(branch.extent(0));
    this.entryNorm.forward(entry, before);
    this.attention.forward(branch, entry.out, attention, context);
    this.middleNorm.forward(middle, { residual: entry.stream, branch, dropout: dropouts.attention });
    this.mlp.forward(branch, middle.out, mlp);
    return { residual: middle.stream, branch, dropout: dropouts.mlp };
  }

  /**
   * Turns the gradient of the stream behind this block (`scratch.stream`) into that of the stream before it, and that of
   * the branch which forward left pending (`scratch.branch`) into that of the branch which it took in.
   * @param before the dropout of the branch that forward took in; undefined where there was none.
   * @param dropout that of the attention's branch.
   */
  backward(
    activations: BlockActivations,
    before: Dropout | undefined,
    context: PackedBlockContext,
    dropout: Dropout,
    scratch: GradientScratch,
  ): void {
    const { entry, attention, middle, mlp } = activations.of(scratch.stream.extent(0));
    const { stream, branch } = scratch;
    this.mlp.backward(branch, branch, middle.out, mlp, scratch.wide);
    this.middleNorm.backward(stream, branch, middle, { gradient: branch, dropout });
    this.attention.backward(branch, branch, entry.out, attention, context, scratch);
    this.entryNorm.backward(stream, branch, entry, before && { gradient: branch, dropout: before });
  }
}
