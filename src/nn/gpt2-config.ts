// The configuration of a GPT-2 model, named as in Hugging Face's GPT2Config (but in camelCase), and its conversion from and
// to config.json. A key that changes what the model computes is honoured or refused by name. All other keys are ignored:
// use_cache, summary_*, task_specific_params, and reorder_and_upcast_attn, which makes no difference in float32.
// dialogue_order is this program's own key; transformers ignores it and keeps it.

import type { Activation } from '../device/device.js';
import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';

/**
 * The order of turns that the model was trained on. A `forward` model predicts each turn from the turns before it, as a
 * chat model must; a `reversed` model predicts each turn from the turns after it. The computation is the same.
 */
export type DialogueOrder = 'forward' | 'reversed';

export interface GPT2Config {
  readonly vocabSize: number;
  /** The context length, in tokens. */
  readonly nPositions: number;
  readonly nEmbd: number;
  readonly nLayer: number;
  readonly nHead: number;
  /** Width of the MLP; 4 * nEmbd if config.json says null. */
  readonly nInner: number;
  readonly activationFunction: Activation;
  readonly embdPdrop: number;
  readonly attnPdrop: number;
  readonly residPdrop: number;
  readonly layerNormEpsilon: number;
  readonly scaleAttnWeights: boolean;
  readonly scaleAttnByInverseLayerIdx: boolean;
  readonly tieWordEmbeddings: boolean;
  readonly initializerRange: number;
  readonly dialogueOrder: DialogueOrder;
  /**
   * The ids of the tokens that begin and pad a text, or null if the config does not say. They have no effect here, but a
   * trained model's folder keeps them.
   */
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
}

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Activation names in transformers that compute the same function. */
const activations: Readonly<Record<string, Activation>> = {
  gelu_new: 'gelu_new',
  gelu_pytorch_tanh: 'gelu_new',
  gelu_python_tanh: 'gelu_new',
  gelu_accurate: 'gelu_new',
  gelu: 'gelu',
  gelu_python: 'gelu',
};

/** Architectures with the weights of GPT2LMHeadModel, some with a small extra head that is not used. */
const architectures = [
  'GPT2Model',
  'GPT2LMHeadModel',
  'GPT2DoubleHeadsModel',
  'GPT2ForSequenceClassification',
  'GPT2ForTokenClassification',
  'GPT2ForQuestionAnswering',
];

/** A config beyond these limits is damaged or hostile. Within them, all sizes computed from it are exact integers. */
const mostLayers = 4096;
const mostWide = 2 ** 24;
const mostTokens = 2 ** 31 - 1;

/** Reads the keys of a config.json. Every error names the key. */
class ConfigReader {
  constructor(
    private readonly entries: Readonly<Record<string, unknown>>,
    private readonly source: string,
  ) {}

  fail(complaint: string): UserError {
    return new UserError('model-config-invalid', `${this.source}: ${complaint}`);
  }

  /** The value of the first of `keys` that is present and not null. */
  value(...keys: string[]): unknown {
    for (const key of keys)
      if (Object.hasOwn(this.entries, key) && this.entries[key] !== null) return this.entries[key];
    return undefined;
  }

  count(keys: readonly string[], fallback: number, most: number): number {
    const value = this.value(...keys) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
      throw this.fail(`${keys[0]} must be a whole number from 1 to ${most}, found ${quoted(value)}`);
    return value;
  }

  number(key: string, fallback: number, says: string, fits: (value: number) => boolean): number {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value) || !fits(value))
      throw this.fail(`${key} must be ${says}, found ${quoted(value)}`);
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value !== 'boolean') throw this.fail(`${key} must be true or false, found ${quoted(value)}`);
    return value;
  }

  /** Refuses a feature that this program does not support, unless it is switched off. */
  absent(key: string, isOff: (value: unknown) => boolean): void {
    const value = this.value(key);
    if (value !== undefined && !isOff(value))
      throw this.fail(`${key} ${quoted(value)} is not supported; use a plain GPT-2 or DialoGPT model`);
  }
}

function checkArchitecture(reader: ConfigReader): void {
  const type = reader.value('model_type');
  if (type !== undefined && type !== 'gpt2')
    throw reader.fail(
      `model_type ${quoted(type)} is not supported; use a GPT-2 or DialoGPT model (model_type "gpt2")`,
    );
  const named = reader.value('architectures');
  if (named === undefined) return;
  if (!Array.isArray(named) || !named.some((name) => architectures.includes(name)))
    throw reader.fail(`architectures ${quoted(named)} is not supported; use a GPT2LMHeadModel`);
}

function activationOf(reader: ConfigReader): Activation {
  const name = reader.value('activation_function') ?? 'gelu_new';
  const activation =
    typeof name === 'string' && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined)
    throw reader.fail(
      `activation_function ${quoted(name)} is not supported; it must be "gelu_new" or "gelu"`,
    );
  return activation;
}

function dialogueOrderOf(reader: ConfigReader): DialogueOrder {
  const order = reader.value('dialogue_order') ?? 'forward';
  if (order !== 'forward' && order !== 'reversed')
    throw reader.fail(`dialogue_order must be "forward" or "reversed", found ${quoted(order)}`);
  return order;
}

function tokenId(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
}

/** Adds the special token ids that config.json does not have. @param generation a parsed generation_config.json. */
export function withTokenIds(config: GPT2Config, generation: unknown): GPT2Config {
  if (typeof generation !== 'object' || generation === null) return config;
  return {
    ...config,
    bosTokenId: config.bosTokenId ?? tokenId(Reflect.get(generation, 'bos_token_id')),
    padTokenId: config.padTokenId ?? tokenId(Reflect.get(generation, 'pad_token_id')),
  };
}

/** The special token ids as config.json and generation_config.json name them. Without a bos token, the eos token is used. */
export function specialTokenIds(
  { bosTokenId, padTokenId }: GPT2Config,
  endOfText: number,
): Record<string, number> {
  return {
    bos_token_id: bosTokenId ?? endOfText,
    eos_token_id: endOfText,
    ...(padTokenId !== null && { pad_token_id: padTokenId }),
  };
}

/**
 * Reads a parsed config.json. Missing keys get the defaults of transformers.
 * @param source the name of the file in error messages.
 * @throws UserError (model) that names the key whose value is invalid or not supported.
 */
export function parseGPT2Config(json: unknown, source: string): GPT2Config {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UserError(
      'model-config-invalid',
      `${source}: expected a JSON object with the model's configuration, found ${quoted(json)}`,
    );
  const reader = new ConfigReader(Object.fromEntries(Object.entries(json)), source);
  checkArchitecture(reader);
  reader.absent('add_cross_attention', (value) => value === false);
  reader.absent('is_encoder_decoder', (value) => value === false);
  reader.absent('attention_head_type', (value) => value === 'multihead');
  reader.absent(
    'pruned_heads',
    (value) => typeof value === 'object' && Object.keys(value ?? {}).length === 0,
  );
  reader.absent('quantization_config', () => false);

  const nEmbd = reader.count(['n_embd', 'hidden_size'], 768, mostWide);
  const nHead = reader.count(['n_head', 'num_attention_heads'], 12, mostWide);
  if (nEmbd % nHead !== 0)
    throw reader.fail(
      `n_embd ${nEmbd} is not divisible by n_head ${nHead}; use the config.json that was saved with the weights`,
    );
  const isShare = (value: number): boolean => value >= 0 && value < 1;
  return {
    vocabSize: reader.count(['vocab_size'], 50257, mostTokens),
    nPositions: reader.count(['n_positions', 'max_position_embeddings', 'n_ctx'], 1024, mostWide),
    nEmbd,
    nLayer: reader.count(['n_layer', 'num_hidden_layers'], 12, mostLayers),
    nHead,
    nInner: reader.count(['n_inner'], 4 * nEmbd, 4 * mostWide),
    activationFunction: activationOf(reader),
    embdPdrop: reader.number('embd_pdrop', 0.1, 'at least 0 and below 1', isShare),
    attnPdrop: reader.number('attn_pdrop', 0.1, 'at least 0 and below 1', isShare),
    residPdrop: reader.number('resid_pdrop', 0.1, 'at least 0 and below 1', isShare),
    layerNormEpsilon: reader.number('layer_norm_epsilon', 1e-5, 'above 0', (value) => value > 0),
    scaleAttnWeights: reader.flag('scale_attn_weights', true),
    scaleAttnByInverseLayerIdx: reader.flag('scale_attn_by_inverse_layer_idx', false),
    tieWordEmbeddings: reader.flag('tie_word_embeddings', true),
    initializerRange: reader.number('initializer_range', 0.02, 'at least 0', (value) => value >= 0),
    dialogueOrder: dialogueOrderOf(reader),
    bosTokenId: tokenId(reader.value('bos_token_id')),
    padTokenId: tokenId(reader.value('pad_token_id')),
  };
}

/**
 * A config.json that transformers' GPT2LMHeadModel.from_pretrained can open.
 * @param endOfText the id of the token that ends a text.
 */
export function gpt2ConfigJson(config: GPT2Config, endOfText: number): Record<string, unknown> {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: config.vocabSize,
    n_positions: config.nPositions,
    n_embd: config.nEmbd,
    n_layer: config.nLayer,
    n_head: config.nHead,
    n_inner: config.nInner === 4 * config.nEmbd ? null : config.nInner,
    activation_function: config.activationFunction,
    embd_pdrop: config.embdPdrop,
    attn_pdrop: config.attnPdrop,
    resid_pdrop: config.residPdrop,
    layer_norm_epsilon: config.layerNormEpsilon,
    scale_attn_weights: config.scaleAttnWeights,
    scale_attn_by_inverse_layer_idx: config.scaleAttnByInverseLayerIdx,
    tie_word_embeddings: config.tieWordEmbeddings,
    initializer_range: config.initializerRange,
    ...specialTokenIds(config, endOfText),
    torch_dtype: 'float32',
    use_cache: true,
    ...(config.dialogueOrder === 'reversed' && { dialogue_order: config.dialogueOrder }),
  };
}

/**
 * Every tensor of a GPT2LMHeadModel, in the order of the forward pass, with transformers' names without the
 * `transformer.` prefix. Linear weights are [in, out] (transformers' Conv1D), embeddings and the head [out, in].
 */
export function expectedTensors(config: GPT2Config): TensorShape[] {
  const { vocabSize, nPositions, nEmbd, nInner, nLayer } = config;
  const layernorm = (name: string): TensorShape[] => [
    { name: `${name}.weight`, shape: [nEmbd] },
    { name: `${name}.bias`, shape: [nEmbd] },
  ];
  const linear = (name: string, input: number, output: number): TensorShape[] => [
    { name: `${name}.weight`, shape: [input, output] },
    { name: `${name}.bias`, shape: [output] },
  ];
  const block = (layer: number): TensorShape[] => [
    ...layernorm(`h.${layer}.ln_1`),
    ...linear(`h.${layer}.attn.c_attn`, nEmbd, 3 * nEmbd),
    ...linear(`h.${layer}.attn.c_proj`, nEmbd, nEmbd),
    ...layernorm(`h.${layer}.ln_2`),
    ...linear(`h.${layer}.mlp.c_fc`, nEmbd, nInner),
    ...linear(`h.${layer}.mlp.c_proj`, nInner, nEmbd),
  ];
  return [
    { name: 'wte.weight', shape: [vocabSize, nEmbd] },
    { name: 'wpe.weight', shape: [nPositions, nEmbd] },
    ...Array.from({ length: nLayer }, (_, layer) => block(layer)).flat(),
    ...layernorm('ln_f'),
    ...(config.tieWordEmbeddings ? [] : [{ name: 'lm_head.weight', shape: [vocabSize, nEmbd] }]),
  ];
}

/** The sizes of a new model: layers, width, heads and context length. */
const presets = {
  /**
   * Learns a few hundred conversations in a minute on a laptop CPU. With a head for all 50,257 tokens, most of that time
   * would go into the head, although a few hundred conversations use only about 2,000 tokens; see `presetVocabulary`.
   */
  tiny: { nLayer: 4, nEmbd: 128, nHead: 4, nPositions: 256 },
  /** GPT-2 and DialoGPT of 124, 355 and 774 million parameters. */
  small: { nLayer: 12, nEmbd: 768, nHead: 12, nPositions: 1024 },
  medium: { nLayer: 24, nEmbd: 1024, nHead: 16, nPositions: 1024 },
  large: { nLayer: 36, nEmbd: 1280, nHead: 20, nPositions: 1024 },
} as const;

export type Preset = keyof typeof presets;

export const presetNames: readonly string[] = Object.keys(presets);

export function isPreset(name: string): name is Preset {
  return Object.hasOwn(presets, name);
}

export function unknownPreset(name: string): UserError {
  const similar = nearest(name, presetNames);
  const question = similar === undefined ? '' : `, did you mean ${similar}?`;
  return new UserError(
    'preset-unknown',
    `there is no preset ${quoted(name)}${question} (known are ${presetNames.join(', ')})`,
  );
}

/** The vocabulary size of a new model: all of GPT-2's tokens, or only the first ones and <|endoftext|>. */
export function presetVocabulary(name: string): number {
  return name === 'tiny' ? 4096 : 50257;
}

/** @throws UserError (model) if there is no preset with this name. */
export function presetConfig(name: string, vocabSize: number): GPT2Config {
  if (!isPreset(name)) throw unknownPreset(name);
  const shape = presets[name];
  return {
    vocabSize,
    ...shape,
    nInner: 4 * shape.nEmbd,
    activationFunction: 'gelu_new',
    embdPdrop: 0.1,
    attnPdrop: 0.1,
    residPdrop: 0.1,
    layerNormEpsilon: 1e-5,
    scaleAttnWeights: true,
    scaleAttnByInverseLayerIdx: false,
    tieWordEmbeddings: true,
    initializerRange: 0.02,
    dialogueOrder: 'forward',
    bosTokenId: null,
    padTokenId: null,
  };
}
