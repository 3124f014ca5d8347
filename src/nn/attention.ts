// The causal self-attention of a block: project to query, key and value, attend, project back. It does not know whether
// the input is a packed batch or new tokens beside a key-value cache; the context says so.

import type { Device, Dropout, KeyValueCache, Segments } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { GPT2Config } from './gpt2-config.js';
import { Linear } from './linear.js';
import type { Parameters } from './parameters.js';
import type { GradientScratch } from './scratch.js';

export interface AttentionActivations {
  /** [R,3C]. */
  readonly qkv: Tensor;
  /** [R,C], the input of the output projection. */
  readonly attended: Tensor;
  /** [H,R]. */
  readonly logSumExp: Tensor;
}

/** What a position attends to: its own packed sequence, or the positions in a key-value cache. */
export type BlockContext =
  | { readonly kind: 'packed'; readonly segments: Segments; readonly dropout: Dropout }
  | { readonly kind: 'cached'; readonly cache: KeyValueCache };

export type PackedBlockContext = Extract<BlockContext, { kind: 'packed' }>;

/** The factor that q.k is multiplied by in block `layer`. */
function attentionScale(config: GPT2Config, layer: number): number {
  const byWidth = config.scaleAttnWeights ? 1 / Math.sqrt(config.nEmbd / config.nHead) : 1;
  return config.scaleAttnByInverseLayerIdx ? byWidth / (layer + 1) : byWidth;
}

export class Attention {
  private readonly toQkv: Linear;
  private readonly toOut: Linear;
  private readonly shape: { readonly heads: number; readonly scale: number };

  constructor(
    private readonly device: Device,
    parameters: Parameters,
    config: GPT2Config,
    layer: number,
  ) {
    this.toQkv = new Linear(device, parameters, `h.${layer}.attn.c_attn`);
    this.toOut = new Linear(device, parameters, `h.${layer}.attn.c_proj`);
    this.shape = { heads: config.nHead, scale: attentionScale(config, layer) };
  }

  /** out[R,C] from x[R,C]. */
  forward(out: Tensor, x: Tensor, activations: AttentionActivations, context: BlockContext): void {
    const { qkv, attended, logSumExp } = activations;
    this.toQkv.forward(qkv, x);
    if (context.kind === 'cached') this.device.attentionCached(attended, qkv, context.cache, this.shape);
    else this.device.attention(attended, logSumExp, qkv, { ...this.shape, ...context });
    this.toOut.forward(out, attended);
  }

  /** gradX[R,C] from gradOut[R,C]; the two may alias. */
  backward(
    gradX: Tensor,
    gradOut: Tensor,
    x: Tensor,
    { qkv, attended, logSumExp }: AttentionActivations,
    context: PackedBlockContext,
    scratch: GradientScratch,
  ): void {
    this.toOut.backward(scratch.attended, gradOut, attended);
    this.device.attentionBackward(scratch.qkv, scratch.attended, attended, logSumExp, qkv, {
      ...this.shape,
      ...context,
    });
    this.toQkv.backward(gradX, scratch.qkv, x);
  }
}
