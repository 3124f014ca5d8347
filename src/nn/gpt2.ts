// GPT-2 (Radford et al. 2019): token and position embeddings, pre-LN blocks and a final layernorm. The head, usually tied
// to the token embeddings, is in lm-head.ts. This file knows nothing about text, files or optimizers. The pass that runs
// the model allocates its activations (training-pass.ts, scoring-pass.ts, decoding-pass.ts).

import type { Device, Dropout, KeyValueCache, Segments } from '../device/device.js';
import { blockSize, type Tensor } from '../device/tensor.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import type { BlockContext } from './attention.js';
import { Block, type BlockActivations, type BranchDropouts } from './block.js';
import { Embedding } from './embedding.js';
import { expectedTensors, type GPT2Config } from './gpt2-config.js';
import { LayerNorm, type NormActivations, type PendingBranch } from './layernorm.js';
import { headTable, logitsWidth } from './lm-head.js';
import { type ParameterOptions, type ParameterShape, Parameters } from './parameters.js';
import type { GradientScratch } from './scratch.js';

/** The input of a pass on the device: token ids and positions, i32[R] each. */
export interface Positions {
  readonly tokens: Tensor;
  readonly positions: Tensor;
}

export interface ModelActivations {
  /** One per block. All blocks may share one if no backward follows. */
  readonly blocks: readonly BlockActivations[];
  /** The output that a block returns as pending, [R,C]. */
  readonly branch: Tensor;
  readonly final: NormActivations;
}

/** Every dropout of the model. All probabilities are zero outside training. */
export interface ModelDropouts {
  readonly embedding: Dropout;
  readonly blocks: readonly { readonly probabilities: Dropout; readonly branches: BranchDropouts }[];
}

/** What the positions of a pass attend to: their own packed sequence, or a key-value cache per block. */
export type ModelContext =
  | { readonly kind: 'packed'; readonly segments: Segments }
  | { readonly kind: 'cached'; readonly caches: readonly KeyValueCache[] };

/** @param counter i32[3] as in `Dropout`. */
export function modelDropouts(config: GPT2Config, counter: Tensor, training: boolean): ModelDropouts {
  const dropout = (site: number, probability: number): Dropout => ({
    probability: training ? probability : 0,
    site,
    counter,
  });
  return {
    embedding: dropout(0, config.embdPdrop),
    blocks: Array.from({ length: config.nLayer }, (_, layer) => ({
      probabilities: dropout(3 * layer + 1, config.attnPdrop),
      branches: {
        attention: dropout(3 * layer + 2, config.residPdrop),
        mlp: dropout(3 * layer + 3, config.residPdrop),
      },
    })),
  };
}

export class GPT2 {
  readonly parameters: Parameters;
  private readonly embedding: Embedding;
  private readonly blocks: readonly Block[];
  private readonly finalNorm: LayerNorm;

  /** @throws UserError (device) if the device does not have enough memory, or if the model is too wide for it. */
  constructor(
    readonly device: Device,
    readonly config: GPT2Config,
    options: ParameterOptions,
  ) {
    const { precision = 'fp32', weights = precision } = options;
    if (!device.precisions[precision].computes)
      throw new Error(`${device.kind} does not compute in ${precision}`);
    if (weights !== precision && !device.precisions[weights].stores)
      throw new Error(`${device.kind} does not store weights in ${weights}`);
    refuseTooWide(device, config);
    if (weights === 'int8') refuseCutBlocks(config);
    const { rounds = false } = device.precisions[precision];
    this.parameters = new Parameters(device, parameterShapes(device, config), { rounds, ...options });
    this.embedding = new Embedding(device, this.parameters);
    this.blocks = Array.from(
      { length: config.nLayer },
      (_, layer) => new Block(device, this.parameters, config, layer),
    );
    this.finalNorm = new LayerNorm(device, this.parameters, 'ln_f', config.layerNormEpsilon);
  }

  /** Writes the last hidden state to `activations.final.out`, [R,C]. */
  forward(
    activations: ModelActivations,
    input: Positions,
    context: ModelContext,
    dropouts: ModelDropouts,
  ): void {
    const rows = input.tokens.size;
    const first = activations.blocks[0]?.views(rows).entry.stream;
    if (first) this.embedding.forward(first, input.tokens, input.positions, dropouts.embedding);
    let pending: PendingBranch | null = null;
    this.blocks.forEach((block, layer) => {
      const { probabilities, branches } = at(dropouts.blocks, layer);
      const blockContext: BlockContext =
        context.kind === 'packed'
          ? { ...context, dropout: probabilities }
          : { kind: 'cached', cache: at(context.caches, layer) };
      pending = block.forward(
        activations.branch,
        at(activations.blocks, layer),
        pending,
        blockContext,
        branches,
      );
    });
    this.finalNorm.forward(activations.final, pending);
  }

  /**
   * Adds to the gradient of every parameter, from the gradient of the last hidden state, gradHidden[R,C], which may alias
   * `scratch.branch`.
   * @param recompute whether blocks share activations (gradient checkpointing): all but the last block run forward again.
   */
  backward(
    gradHidden: Tensor,
    activations: ModelActivations,
    input: Positions,
    segments: Segments,
    dropouts: ModelDropouts,
    scratch: GradientScratch,
    recompute: boolean,
  ): void {
    const { stream, branch } = scratch;
    const lastLayer = this.blocks.length - 1;
    const dropout = at(dropouts.blocks, lastLayer).branches.mlp;
    this.device.fill(stream, 0);
    this.finalNorm.backward(stream, gradHidden, activations.final, { gradient: branch, dropout });
    for (let layer = lastLayer; layer >= 0; layer--) {
      const block = at(this.blocks, layer);
      const held = at(activations.blocks, layer);
      const { probabilities, branches } = at(dropouts.blocks, layer);
      const context = { kind: 'packed', segments, dropout: probabilities } as const;
      if (recompute && layer < lastLayer) block.forward(activations.branch, held, null, context, branches);
      const before = dropouts.blocks[layer - 1]?.branches.mlp;
      block.backward(held, before, context, branches.attention, scratch);
    }
    this.embedding.backward(stream, input.tokens, input.positions, dropouts.embedding);
  }
}

function refuseTooWide({ kind, mostChannels: { row, head } }: Device, { nEmbd, nHead }: GPT2Config): void {
  const headSize = nEmbd / nHead;
  const wide =
    nEmbd > row
      ? `models of up to ${row} channels, but this one has ${nEmbd}`
      : headSize > head
        ? `attention heads of up to ${head} channels, but those of this model have ${headSize}`
        : null;
  if (wide)
    throw new UserError(
      'model-unsupported-by-device',
      `${kind} supports ${wide}: use ${option('device', 'cpu')}`,
    );
}

/** In int8, every row of a matrix is whole blocks. */
function refuseCutBlocks({ nEmbd, nInner }: GPT2Config): void {
  const odd = [nEmbd, nInner].find((width) => width % blockSize !== 0);
  if (odd !== undefined)
    throw new UserError(
      'precision-unsupported',
      `int8 stores weights in blocks of ${blockSize}, and this model has rows of ${odd}: use ${option('precision', 'bf16')}.`,
    );
}

/**
 * Layernorms read their parameters in f32. The table that the head multiplies with reserves extra rows, so that the number
 * of logits is a multiple that suits the device's matrix products.
 */
function parameterShapes(device: Device, config: GPT2Config): ParameterShape[] {
  return expectedTensors(config).map((tensor) => {
    const linear = /\.(c_attn|c_proj|c_fc)\.weight$/.test(tensor.name);
    const isHead = tensor.name === headTable(config);
    return {
      ...tensor,
      exact: /ln_(1|2|f)\./.test(tensor.name),
      linear,
      multiplied: linear || isHead,
      ...(isHead && { reservedRows: logitsWidth(device, config) }),
    };
  });
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no layer ${index}`);
  return item;
}
