// GPT-2 (Radford et al. 2019): token and position embeddings, pre-LN blocks, a final layernorm, a head that shares the
// embedding's table. Knows nothing of text, files or optimizers. Memory for activations comes from the pass that runs
// it (training-pass.ts, scoring-pass.ts, decoding-pass.ts).

import type { Device, Dropout, KeyValueCache, Segments } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
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

/** The tokens of a pass as they lie on the device; i32[R] each. */
export interface Positions {
  readonly tokens: Tensor;
  readonly positions: Tensor;
}

export interface ModelActivations {
  /** One a block; they may be one and the same where no backward follows. */
  readonly blocks: readonly BlockActivations[];
  /** What a block leaves pending, [R,C]. */
  readonly branch: Tensor;
  readonly final: NormActivations;
}

/** Every dropout of the model, by place; all zero outside of training. */
export interface ModelDropouts {
  readonly embedding: Dropout;
  readonly blocks: readonly { readonly probabilities: Dropout; readonly branches: BranchDropouts }[];
}

/** What the rows of a pass may attend to; a cache for each block. */
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

  /** @throws UserError (device) where the device has no memory for it, or cannot compute so wide a model. */
  constructor(
    readonly device: Device,
    readonly config: GPT2Config,
    options: ParameterOptions,
  ) {
    const { precision = 'fp32', weights = precision } = options;
    if (!device.precisions.includes(precision))
      throw new Error(`${device.kind} does not compute in ${precision}`);
    if (weights !== precision && !device.weightPrecisions.includes(weights))
      throw new Error(`${device.kind} keeps no weights in ${weights}`);
    refuseTooWide(device, config);
    this.parameters = new Parameters(device, parameterShapes(device, config), options);
    this.embedding = new Embedding(device, this.parameters);
    this.blocks = Array.from(
      { length: config.nLayer },
      (_, layer) => new Block(device, this.parameters, config, layer),
    );
    this.finalNorm = new LayerNorm(device, this.parameters, 'ln_f', config.layerNormEpsilon);
  }

  /** Leaves the last hidden state in `activations.final.out`, [R,C]. */
  forward(
    activations: ModelActivations,
    input: Positions,
    attend: ModelContext,
    dropouts: ModelDropouts,
  ): void {
    const rows = input.tokens.size;
    const first = activations.blocks[0]?.of(rows).entry.stream;
    if (first) this.embedding.forward(first, input.tokens, input.positions, dropouts.embedding);
    let pending: PendingBranch | null = null;
    this.blocks.forEach((block, layer) => {
      const { probabilities, branches } = at(dropouts.blocks, layer);
      const context: BlockContext =
        attend.kind === 'packed'
          ? { ...attend, dropout: probabilities }
          : { kind: 'cached', cache: at(attend.caches, layer) };
      pending = block.forward(activations.branch, at(activations.blocks, layer), pending, context, branches);
    });
    this.finalNorm.forward(activations.final, pending);
  }

  /**
   * From the gradient of the last hidden state, gradHidden[R,C], to that of every parameter (added). gradHidden may be
   * `scratch.branch`.
   * @param recompute whether blocks share their activations, so that all but the last one's must be filled again.
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
      ? `rows of up to ${row} channels, and this model's have ${nEmbd}`
      : headSize > head
        ? `attention heads of up to ${head} channels, and this model's have ${headSize}`
        : null;
  if (wide)
    throw new UserError(
      'model-unsupported-by-device',
      `${kind} computes ${wide}: use ${option('device', 'cpu')}`,
    );
}

/**
 * Layernorms read theirs in f32. Where the head reads its table, there is room for logits in a number that the device's
 * products like.
 */
function parameterShapes(device: Device, config: GPT2Config): ParameterShape[] {
  return expectedTensors(config).map((tensor) => ({
    ...tensor,
    exact: /ln_(1|2|f)\./.test(tensor.name),
    ...(tensor.name === headTable(config) && { reservedRows: logitsWidth(device, config) }),
  }));
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no layer ${index}`);
  return item;
}
