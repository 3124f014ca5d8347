import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import { expectedTensors, type GPT2Config } from '../nn/gpt2-config.js';
import { type ModelFolder, openModelFolder, saveModelFolder } from './model-folder.js';
import { openSafetensors, writeSafetensors } from './safetensors.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/weights', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'model-folder-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let copies = 0;
/** A copy of a golden folder, which a test may change. */
function copyOf(name: string): string {
  const folder = join(scratch, String(copies++));
  cpSync(join(goldens, name), folder, { recursive: true });
  return folder;
}

function setConfig(folder: string, changes: Readonly<Record<string, unknown>>): void {
  const path = join(folder, 'config.json');
  const config: object = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, ...changes }));
}

function refuses(folder: string, pattern: RegExp): void {
  assert.throws(
    () => openModelFolder(folder),
    (thrown) => {
      assert.ok(thrown instanceof UserError, String(thrown));
      assert.equal(thrown.fault, 'model');
      assert.match(thrown.message, pattern);
      assert.ok(thrown.message.includes(folder), thrown.message);
      return true;
    },
  );
}

interface Expected {
  readonly shape: number[];
  readonly values: number[];
}
const expected: Record<'f32' | 'f16' | 'bf16', Record<string, Expected>> = JSON.parse(
  readFileSync(join(goldens, 'expected.json'), 'utf8'),
);

function contents(model: ModelFolder): Record<string, number[]> {
  return Object.fromEntries(model.names.map((name) => [name, [...model.read(name)]]));
}

describe('openModelFolder', () => {
  for (const name of readdirSync(goldens).filter((entry) => !entry.endsWith('.json')))
    it(`reads the tensors that PyTorch saved as ${name}`, () => {
      const model = openModelFolder(join(goldens, name));
      const type = name.endsWith('-bf16') ? 'bf16' : name.endsWith('-f16') ? 'f16' : 'f32';
      const values = Object.entries(expected[type]).map(([tensor, { values }]) => [tensor, values]);
      assert.deepEqual(contents(model), Object.fromEntries(values));
      assert.deepEqual(model.notes, []);
      assert.equal(model.config.nLayer, 2);
    });

  it('names a tensor whose shape differs from config.json, with both shapes', () => {
    for (const name of ['safetensors', 'safetensors-sharded', 'zip', 'legacy']) {
      const folder = copyOf(name);
      setConfig(folder, { vocab_size: 21 });
      refuses(folder, /tensor wte\.weight is \[20, 8\], but config\.json requires \[21, 8\]/);
    }
  });

  it('names a tensor that is missing', () => {
    const folder = copyOf('zip');
    setConfig(folder, { n_layer: 3 });
    refuses(folder, /has no tensor h\.2\.ln_1\.weight/);
  });

  it('requires lm_head.weight if the config says that the embeddings are not tied', () => {
    const folder = copyOf('safetensors');
    setConfig(folder, { tie_word_embeddings: false });
    refuses(folder, /no tensor lm_head\.weight \(config\.json says tie_word_embeddings false\)/);
    const untied = copyOf('legacy');
    setConfig(untied, { tie_word_embeddings: false });
    const model = openModelFolder(untied);
    assert.deepEqual(model.read('lm_head.weight'), model.read('wte.weight'));
  });

  /** Rewrites the folder's weights with changes. */
  function rewrite(
    folder: string,
    change: (name: string, data: Float32Array) => Record<string, Float32Array>,
  ): void {
    const path = join(folder, 'model.safetensors');
    const file = openSafetensors(path);
    const tensors = [...file.tensors].flatMap(([name, { shape }]) =>
      Object.entries(change(name, file.read(name))).map(([named, data]) => ({
        name: named,
        shape,
        data: () => data,
      })),
    );
    writeSafetensors(path, tensors);
  }

  it('refuses a tied model whose head differs from its embedding', () => {
    const folder = copyOf('safetensors');
    const withHead = (extra: number) => {
      rewrite(folder, (name, data) =>
        name.endsWith('wte.weight')
          ? { [name]: data, 'lm_head.weight': data.map((value) => value + extra) }
          : name === 'lm_head.weight'
            ? {}
            : { [name]: data },
      );
      return openModelFolder(folder);
    };
    assert.equal(withHead(0).read('wte.weight').length, 160);
    assert.throws(() => withHead(1).read('wte.weight'), /lm_head\.weight differs from wte\.weight/);
  });

  it('finds the embedding of a tied model under the name of its head', () => {
    const folder = copyOf('safetensors');
    const before = contents(openModelFolder(folder));
    rewrite(folder, (name, data) => ({ [name.endsWith('wte.weight') ? 'lm_head.weight' : name]: data }));
    const model = openModelFolder(folder);
    assert.deepEqual(contents(model), before);
    assert.deepEqual(model.notes, []);
    setConfig(folder, { tie_word_embeddings: false });
    refuses(folder, /has no tensor wte\.weight/);
  });

  it('ignores the parts of names that training wrappers added, with a note', () => {
    for (const [wrapped, parts] of [
      ['_orig_mod.', '"_orig_mod."'],
      ['module.', '"module."'],
      ['model.', '"model."'],
      ['module._orig_mod.', '"module." and "_orig_mod."'],
    ] as const) {
      const folder = copyOf('safetensors');
      const before = contents(openModelFolder(folder));
      rewrite(folder, (name, data) => ({ [wrapped + name]: data }));
      const model = openModelFolder(folder);
      assert.deepEqual(contents(model), before);
      assert.equal(model.notes.length, 1);
      assert.ok(model.notes[0]?.includes(`: ${parts} in tensor names`), model.notes[0]);
    }
    const folder = copyOf('safetensors');
    rewrite(folder, (name, data) => ({ [name.replace(/h\.0\./, 'h.0._orig_mod.')]: data }));
    assert.equal(openModelFolder(folder).notes.length, 1);
  });

  it('refuses files behind links that leave the folder', () => {
    const elsewhere = copyOf('zip');
    for (const name of ['config.json', 'pytorch_model.bin']) {
      const folder = copyOf('zip');
      rmSync(join(folder, name));
      symlinkSync(join(elsewhere, name), join(folder, name));
      refuses(folder, /is a link to a file outside its folder; put a copy/);
    }
  });

  it('names unused tensors, and refuses one that is there twice', () => {
    const folder = copyOf('safetensors');
    rewrite(folder, (name, data) =>
      name.endsWith('ln_f.bias') ? { [name]: data, score: data } : { [name]: data },
    );
    assert.match(
      openModelFolder(folder).notes.join(),
      /tensors that a GPT-2 does not have.*not used: "score"$/,
    );
    rewrite(folder, (name, data) =>
      name.endsWith('ln_f.bias') ? { [name]: data, 'ln_f.bias': data } : { [name]: data },
    );
    refuses(folder, /two tensors for "ln_f\.bias", "transformer\.ln_f\.bias" and "ln_f\.bias"/);
  });

  it('refuses an index that is wrong or leaves the folder', () => {
    const folder = copyOf('safetensors-sharded');
    const index = join(folder, 'model.safetensors.index.json');
    const good: { weight_map: Record<string, string> } = JSON.parse(readFileSync(index, 'utf8'));
    const point = (shard: unknown) =>
      writeFileSync(
        index,
        JSON.stringify({ weight_map: { ...good.weight_map, 'transformer.wte.weight': shard } }),
      );
    for (const shard of [
      '../x.safetensors',
      '/etc/passwd',
      'a\\..\\x.safetensors',
      'sub/x.safetensors',
      7,
      null,
      { toString: 1 },
    ]) {
      point(shard);
      refuses(folder, /is not a file of its folder/);
    }
    point('model-00009-of-00004.safetensors');
    refuses(folder, /cannot be read/);
    point('model-00002-of-00004.safetensors');
    refuses(folder, /has no tensor "transformer\.wte\.weight"/);
    writeFileSync(index, '{');
    refuses(folder, /cannot be read as JSON/);
    writeFileSync(index, '{}');
    refuses(folder, /no weight_map/);
  });

  it('says what is in a folder that is not a model, and what it needs', () => {
    const folder = join(scratch, 'no-model');
    refuses(folder, /there is no folder/);
    mkdirSync(folder);
    refuses(folder, /is not a model folder: it is empty, but needs config\.json and model\.safetensors/);
    writeFileSync(join(folder, 'metrics.jsonl'), '');
    refuses(folder, /it holds metrics\.jsonl, but needs/);
    cpSync(join(goldens, 'zip'), join(folder, 'checkpoint-5'), { recursive: true });
    refuses(folder, /did you mean .*checkpoint-5\?/);
    refuses(join(folder, 'metrics.jsonl'), /is a file; name the folder/);
    const hostile = join(scratch, 'hostile-names');
    mkdirSync(hostile);
    writeFileSync(join(hostile, 'a\u001b[2J\nerror: b'), '');
    refuses(hostile, /^.*it holds a \[2J error: b, but needs/);
    writeFileSync(join(hostile, 'adapter_config.json'), '{}');
    refuses(hostile, /is an adapter, not a whole model; merge it/);
    const other = copyOf('zip');
    rmSync(join(other, 'pytorch_model.bin'));
    writeFileSync(join(other, 'tf_model.h5'), '');
    refuses(
      other,
      /no weights that can be read: it holds config\.json, tf_model\.h5, but needs model\.safetensors/,
    );
  });

  it('refuses a config.json that is not JSON or not of a GPT-2', () => {
    const folder = copyOf('zip');
    writeFileSync(join(folder, 'config.json'), '{"model_type": ');
    refuses(folder, /config\.json cannot be read as JSON/);
    for (const key of ['model_type', 'architectures', 'n_embd', 'pruned_heads', 'no_such_key']) {
      writeFileSync(join(folder, 'config.json'), `{"${key}": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
      refuses(folder, /config\.json cannot be read as JSON \(it is nested more than 64 levels deep\)/);
    }
    writeFileSync(join(folder, 'config.json'), '{"model_type": "llama"}');
    refuses(folder, /config\.json: model_type "llama" is not supported/);
  });
});

describe('saveModelFolder', () => {
  function save(folder: string, config: GPT2Config, seed: number): Map<string, Float32Array> {
    const tensors = expectedTensors(config).map(({ name, shape }, index) => ({
      name,
      shape,
      values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) =>
        Math.sin(seed + index + at),
      ),
    }));
    mkdirSync(folder);
    saveModelFolder(folder, {
      config,
      tensors: tensors.map(({ name, shape, values }) => ({ name, shape, data: () => values })),
      endOfText: 19,
      tokenizerFiles: new Map([['vocab.json', '{}']]),
      extra: new Map([['trainer_state.json', '{"step":1}']]),
    });
    return new Map(tensors.map(({ name, values }) => [name, values]));
  }

  const tied: GPT2Config = { ...openModelFolder(join(goldens, 'zip')).config, bosTokenId: 19 };
  const odd: GPT2Config = {
    ...tied,
    nInner: 12,
    activationFunction: 'gelu',
    layerNormEpsilon: 1e-6,
    scaleAttnByInverseLayerIdx: true,
    tieWordEmbeddings: false,
    embdPdrop: 0,
    bosTokenId: 3,
    padTokenId: 5,
  };

  for (const [name, config] of [
    ['tied', tied],
    ['untied', odd],
  ] as const)
    it(`saves what it opens (${name})`, () => {
      const folder = join(scratch, `saved-${name}`);
      const saved = save(folder, config, 1);
      const model = openModelFolder(folder);
      assert.deepEqual(model.config, config);
      assert.deepEqual(new Map(model.names.map((tensor) => [tensor, model.read(tensor)])), saved);
      assert.deepEqual(readdirSync(folder).sort(), [
        'config.json',
        'generation_config.json',
        'model.safetensors',
        'trainer_state.json',
        'vocab.json',
      ]);
    });

  it('keeps the ids of the bos and pad tokens in both config files', () => {
    const folder = join(scratch, 'token-ids');
    save(folder, odd, 1);
    for (const name of ['config.json', 'generation_config.json']) {
      const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      assert.deepEqual([json.bos_token_id, json.eos_token_id, json.pad_token_id], [3, 19, 5]);
    }
  });

  it('reads these ids from generation_config.json if config.json has none', () => {
    const folder = copyOf('zip');
    setConfig(folder, { bos_token_id: 2 });
    const generation = join(folder, 'generation_config.json');
    const idsOf = ({ bosTokenId, padTokenId }: GPT2Config) => [bosTokenId, padTokenId];
    writeFileSync(generation, JSON.stringify({ bos_token_id: 4, pad_token_id: 6 }));
    assert.deepEqual(idsOf(openModelFolder(folder).config), [2, 6]);
    writeFileSync(generation, JSON.stringify({ pad_token_id: -1 }));
    assert.deepEqual(idsOf(openModelFolder(folder).config), [2, null]);
  });

  it('refuses tensors that are not those of the model', () => {
    const [first, ...rest] = expectedTensors(tied).map(({ name, shape }) => ({
      name,
      shape,
      data: (): Float32Array => assert.fail('nothing is to be read'),
    }));
    const folder = join(scratch, 'incomplete');
    const given = { config: tied, endOfText: 19, tokenizerFiles: new Map<string, string>() };
    assert.throws(() => saveModelFolder(folder, { ...given, tensors: rest }), RangeError);
    assert.ok(first);
    const another = { ...first, shape: [1] };
    assert.throws(() => saveModelFolder(folder, { ...given, tensors: [another, ...rest] }), RangeError);
  });

  const python = process.env.CHATBOT_TRAIN_PYTHON;
  it('saves what transformers opens, with the same tensors', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers and torch',
  }, () => {
    const program = `
import json, sys, numpy
from transformers import AutoConfig, GPT2LMHeadModel
result = {}
for folder in sys.argv[1:]:
    model, info = GPT2LMHeadModel.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
    state = {name.removeprefix("transformer."): t for name, t in model.state_dict().items()}
    result[folder] = {
        "tensors": {name: t.numpy().view(numpy.int32).flatten().tolist() for name, t in state.items()},
        "config": [model.config.n_inner, model.config.activation_function, model.config.tie_word_embeddings, model.config.eos_token_id],
        "generation": [model.generation_config.bos_token_id, model.generation_config.eos_token_id, model.generation_config.pad_token_id],
    }
print(json.dumps(result))`;
    const folders = { tied: join(scratch, 'for-python-tied'), untied: join(scratch, 'for-python-untied') };
    const saved = { tied: save(folders.tied, tied, 2), untied: save(folders.untied, odd, 3) };
    const { stdout, stderr, status } = spawnSync(
      python ?? '',
      ['-c', program, folders.tied, folders.untied],
      { encoding: 'utf8', maxBuffer: 2 ** 28 },
    );
    assert.equal(status, 0, stderr);
    const opened: Record<
      string,
      { tensors: Record<string, number[]>; config: unknown; generation: unknown }
    > = JSON.parse(stdout);
    for (const kind of ['tied', 'untied'] as const)
      for (const [name, values] of saved[kind])
        assert.deepEqual(
          opened[folders[kind]]?.tensors[name],
          [...new Int32Array(values.buffer)],
          `${kind} ${name}`,
        );
    assert.deepEqual(opened[folders.tied]?.config, [null, 'gelu_new', true, 19]);
    assert.deepEqual(opened[folders.untied]?.config, [12, 'gelu', false, 19]);
    assert.deepEqual(opened[folders.tied]?.generation, [19, 19, null]);
    assert.deepEqual(opened[folders.untied]?.generation, [3, 19, 5]);
  });
});
