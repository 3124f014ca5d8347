// A pre-LN transformer block. Every residual addition is fused with the layernorm that follows it, so a block does not add
// its own MLP output to the residual stream: it returns the output as a pending branch, which the next block adds.

import type { Allocator, Device, Dropout } from '../device/device.js';
import type { DType, Tensor } from '../device/tensor.js';
import { Attention, type BlockContext, type PackedBlockContext } from './attention.js';
import type { GPT2Config } from './gpt2-config.js';
import { LayerNorm, type PendingBranch } from './layernorm.js';
import { Mlp } from './mlp.js';
import type { Parameters } from './parameters.js';
import type { GradientScratch } from './scratch.js';

/** The activations of a block that backward needs: 8 C + 2 nInner + H + 4 numbers per position. */
export class BlockActivations {
  /** The residual stream before the attention, [R,C]. Recomputation needs nothing else. */
  private readonly entering: Tensor;
  private readonly normed: Tensor;
  private readonly normedStats: Tensor;
  private readonly qkv: Tensor;
  private readonly attended: Tensor;
  private readonly logSumExp: Tensor;
  /** The residual stream before the MLP, [R,C]. */
  private readonly middle: Tensor;
  private readonly middleNormed: Tensor;
  private readonly middleStats: Tensor;
  private readonly preActivation: Tensor;
  private readonly activated: Tensor;

  /**
   * @param capacity the maximum R.
   * @param dtype the dtype that the model computes in. Statistics are f32.
   * @param shared if given, everything except `entering` uses the memory of these activations (gradient checkpointing).
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

  /** The views for a batch of `rows` positions, grouped by the layer that reads them. */
  views(rows: number) {
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

/** The dropouts of the two residual branches. The dropout of the attention probabilities is part of `BlockContext`. */
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
   * @param branch [R,C], receives the output; may alias `pending.branch`.
   * @param pending the branch to add to the residual stream first. null if the stream is already in `entry.stream`:
   *   the embedding wrote it, or recomputation reuses the stream of an earlier forward pass.
   * @returns the MLP output as a pending branch.
   */
  forward(
    branch: Tensor,
    activations: BlockActivations,
    pending: PendingBranch | null,
    context: BlockContext,
    dropouts: BranchDropouts,
  ): PendingBranch {
    const { entry, attention, middle, mlp } = activations.views(branch.extent(0));
    this.entryNorm.forward(entry, pending);
    this.attention.forward(branch, entry.out, attention, context);
    this.middleNorm.forward(middle, { residual: entry.stream, branch, dropout: dropouts.attention });
    this.mlp.forward(branch, middle.out, mlp);
    return { residual: middle.stream, branch, dropout: dropouts.mlp };
  }

  /**
   * Backpropagates through the block in place. `scratch.stream` holds the gradient of the residual stream after the block
   * and receives that before it. `scratch.branch` holds the gradient of the branch that forward returned, and receives
   * that of the branch that forward was given.
   * @param before the dropout of the branch that forward was given; undefined if there was none.
   * @param dropout the dropout of the attention branch.
   */
  backward(
    activations: BlockActivations,
    before: Dropout | undefined,
    context: PackedBlockContext,
    dropout: Dropout,
    scratch: GradientScratch,
  ): void {
    const { entry, attention, middle, mlp } = activations.views(scratch.stream.extent(0));
    const { stream, branch } = scratch;
    this.mlp.backward(branch, branch, middle.out, mlp, scratch.wide);
    this.middleNorm.backward(stream, branch, middle, { gradient: branch, dropout });
    this.attention.backward(branch, branch, entry.out, attention, context, scratch);
    this.entryNorm.backward(stream, branch, entry, before && { gradient: branch, dropout: before });
  }
}
