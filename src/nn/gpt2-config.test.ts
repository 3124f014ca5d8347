import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../errors.js';
import {
  expectedTensors,
  type GPT2Config,
  gpt2ConfigJson,
  parseGPT2Config,
  presetConfig,
  presetNames,
} from './gpt2-config.js';

function refuses(json: unknown, pattern: RegExp): void {
  assert.throws(
    () => parseGPT2Config(json, 'm/config.json'),
    (thrown) => {
      assert.ok(thrown instanceof UserError, String(thrown));
      assert.equal(thrown.fault, 'model');
      assert.match(thrown.message, /^m\/config\.json: /);
      assert.match(thrown.message, pattern);
      return true;
    },
  );
}

describe('parseGPT2Config', () => {
  it('gives missing keys the defaults of transformers', () => {
    assert.deepEqual(parseGPT2Config({}, 'm'), presetConfig('small', 50257));
  });

  it('reads every key that changes the result', () => {
    const config = parseGPT2Config(
      {
        model_type: 'gpt2',
        architectures: ['GPT2LMHeadModel'],
        vocab_size: 517,
        n_positions: 37,
        n_embd: 60,
        n_layer: 2,
        n_head: 3,
        n_inner: 100,
        activation_function: 'gelu',
        embd_pdrop: 0,
        attn_pdrop: 0.2,
        resid_pdrop: 0.3,
        layer_norm_epsilon: 1e-6,
        scale_attn_weights: false,
        scale_attn_by_inverse_layer_idx: true,
        tie_word_embeddings: false,
        initializer_range: 0.1,
        reorder_and_upcast_attn: true,
        add_cross_attention: false,
        summary_type: 'cls_index',
        task_specific_params: { conversational: { max_length: 1000 } },
        bos_token_id: 4,
        pad_token_id: 5,
      },
      'm',
    );
    assert.deepEqual(config, {
      vocabSize: 517,
      nPositions: 37,
      nEmbd: 60,
      nLayer: 2,
      nHead: 3,
      nInner: 100,
      activationFunction: 'gelu',
      embdPdrop: 0,
      attnPdrop: 0.2,
      residPdrop: 0.3,
      layerNormEpsilon: 1e-6,
      scaleAttnWeights: false,
      scaleAttnByInverseLayerIdx: true,
      tieWordEmbeddings: false,
      initializerRange: 0.1,
      dialogueOrder: 'forward',
      bosTokenId: 4,
      padTokenId: 5,
    });
  });

  it('reads n_ctx if n_positions is missing, and treats null as the default', () => {
    assert.equal(parseGPT2Config({ n_ctx: 300 }, 'm').nPositions, 300);
    assert.equal(parseGPT2Config({ n_ctx: 300, n_positions: 200 }, 'm').nPositions, 200);
    assert.equal(parseGPT2Config({ n_inner: null, n_embd: 24 }, 'm').nInner, 96);
  });

  it('accepts every name of the tanh form of GELU', () => {
    for (const name of ['gelu_new', 'gelu_pytorch_tanh'])
      assert.equal(parseGPT2Config({ activation_function: name }, 'm').activationFunction, 'gelu_new');
  });

  it('names the unsupported feature that it refuses', () => {
    refuses({ model_type: 'llama' }, /model_type "llama"/);
    refuses({ architectures: ['LlamaForCausalLM'] }, /architectures \["LlamaForCausalLM"\]/);
    refuses({ model_type: 'gpt2', architectures: ['GPT2LMHeadCustomModel'] }, /architectures/);
    refuses({ activation_function: 'relu' }, /activation_function "relu".*"gelu_new" or "gelu"/);
    refuses({ activation_function: '__proto__' }, /activation_function/);
    refuses({ add_cross_attention: true }, /add_cross_attention true/);
    refuses({ is_encoder_decoder: true }, /is_encoder_decoder/);
    refuses({ attention_head_type: 'multiquery' }, /attention_head_type/);
    refuses({ pruned_heads: { 0: [1] } }, /pruned_heads/);
    refuses({ quantization_config: { bits: 4 } }, /quantization_config/);
  });

  it('refuses invalid values', () => {
    refuses(7, /expected a JSON object/);
    refuses([], /expected a JSON object/);
    refuses({ n_embd: 10, n_head: 3 }, /n_embd 10 is not divisible by n_head 3/);
    refuses({ n_layer: 2e9 }, /n_layer must be a whole number from 1 to 4096, found 2000000000/);
    refuses({ n_layer: 0 }, /n_layer/);
    refuses({ vocab_size: 1.5 }, /vocab_size/);
    refuses({ vocab_size: '50257' }, /vocab_size .*"50257"/);
    refuses(
      { layer_norm_epsilon: Number.POSITIVE_INFINITY },
      /layer_norm_epsilon must be above 0, found Infinity/,
    );
    refuses({ attn_pdrop: 1 }, /attn_pdrop must be at least 0 and below 1/);
    refuses({ resid_pdrop: -0.1 }, /resid_pdrop/);
    refuses({ tie_word_embeddings: 'yes' }, /tie_word_embeddings must be true or false/);
  });
});

describe('dialogue_order', () => {
  it('defaults to forward, and is written only for reversed models', () => {
    assert.equal(parseGPT2Config({}, 'm').dialogueOrder, 'forward');
    assert.equal(parseGPT2Config({ dialogue_order: null }, 'm').dialogueOrder, 'forward');
    assert.ok(!('dialogue_order' in gpt2ConfigJson(presetConfig('tiny', 10), 9)));
  });

  it('is read back as written', () => {
    const config: GPT2Config = { ...presetConfig('tiny', 10), dialogueOrder: 'reversed', bosTokenId: 9 };
    assert.equal(gpt2ConfigJson(config, 9).dialogue_order, 'reversed');
    assert.deepEqual(parseGPT2Config(gpt2ConfigJson(config, 9), 'm'), config);
  });

  it('refuses any other value', () => {
    for (const order of ['backwards', 1, true, ['reversed']])
      refuses({ dialogue_order: order }, /dialogue_order must be "forward" or "reversed", found /);
  });
});

describe('gpt2ConfigJson', () => {
  it('is read back as the same config', () => {
    const config: GPT2Config = {
      ...presetConfig('tiny', 1000),
      nInner: 99,
      tieWordEmbeddings: false,
      bosTokenId: 7,
      padTokenId: 8,
    };
    const json: unknown = JSON.parse(JSON.stringify(gpt2ConfigJson(config, 999)));
    assert.deepEqual(parseGPT2Config(json, 'm'), config);
  });

  it('uses the eos token as bos token by default, and no pad token', () => {
    const json = gpt2ConfigJson(presetConfig('tiny', 1000), 999);
    assert.equal(json.bos_token_id, 999);
    assert.ok(!('pad_token_id' in json));
  });
});

describe('expectedTensors', () => {
  it('adds up to the known parameter counts of GPT-2', () => {
    const parameters = (preset: string): number =>
      expectedTensors(presetConfig(preset, 50257)).reduce(
        (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1),
        0,
      );
    assert.equal(parameters('small'), 124_439_808);
    assert.equal(parameters('medium'), 354_823_168);
    assert.equal(parameters('large'), 774_030_080);
  });

  it('includes a head only for untied embeddings', () => {
    const config = presetConfig('tiny', 10);
    assert.ok(!expectedTensors(config).some(({ name }) => name === 'lm_head.weight'));
    assert.deepEqual(expectedTensors({ ...config, tieWordEmbeddings: false }).at(-1), {
      name: 'lm_head.weight',
      shape: [10, 128],
    });
  });
});

describe('presetConfig', () => {
  it('lists its names and suggests a similar one', () => {
    assert.deepEqual(presetNames, ['tiny', 'small', 'medium', 'large']);
    assert.throws(() => presetConfig('meduim', 5), /did you mean medium\?/);
  });
});
