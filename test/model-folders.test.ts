// Unusual model folders in whole programs: their token ids and tokenizer files survive training, and each oddity is reported
// once.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isRecord } from '../src/objects.js';
import { openSafetensors, writeSafetensors } from '../src/weights/safetensors.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder, tinyConfig, tinyVocabulary } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('model-folders');
const data = makeTinyCorpus(join(root, 'corpus.json'), 12);
const { size } = tinyVocabulary();

function json(...path: string[]): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(join(...path), 'utf8'));
  assert.ok(isRecord(value));
  return value;
}

/** A model with three added tokens, two with embeddings. A training wrapper saved its embedding as lm_head.weight. */
function makeOddModel(): string {
  const folder = makeTinyModel(join(root, 'odd'), { ...tinyConfig, vocabSize: size + 2 });
  const token = (content: string) => ({ content, special: true });
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({
      tokenizer_class: 'GPT2Tokenizer',
      bos_token: '<|endoftext|>',
      eos_token: '<|endoftext|>',
      unk_token: '<|endoftext|>',
      pad_token: '<pad>',
      additional_special_tokens: ['<speaker>'],
      added_tokens_decoder: {
        [size - 1]: token('<|endoftext|>'),
        [size]: token('<pad>'),
        [size + 1]: token('<speaker>'),
        [size + 2]: token('<spare>'),
      },
    }),
  );
  const ids = { bos_token_id: 7, pad_token_id: size };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...json(folder, 'config.json'), ...ids }));
  const path = join(folder, 'model.safetensors');
  const file = openSafetensors(path);
  const tensors = [...file.tensors].map(([name, { shape }]) => {
    const elements = file.read(name);
    const kept = name.replace('transformer.wte.weight', 'lm_head.weight');
    return { name: `module._orig_mod.${kept}`, shape, data: () => elements };
  });
  writeSafetensors(path, tensors);
  return folder;
}

describe('a model with added tokens that was saved by a training wrapper', () => {
  const model = makeOddModel();
  const output = join(root, 'trained');
  const train = (...more: string[]) =>
    trainHere(['--model', model, '--data', data, '--output-dir', output, '--eval-ratio', '0', ...more]);

  test('is trained with two notes, and keeps its tokens and their ids', async () => {
    const { code, stderr } = await train('--max-steps', '1');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: .*"module\." and "_orig_mod\." in tensor names.* is ignored$/m);
    assert.match(stderr, /^note: .* no embedding for the special tokens "<spare>" of its tokenizer/m);
    for (const folder of [output, join(output, 'checkpoint-1')]) {
      for (const name of ['config.json', 'generation_config.json']) {
        const { bos_token_id: bos, eos_token_id: eos, pad_token_id: pad } = json(folder, name);
        assert.deepEqual([bos, eos, pad], [7, size - 1, size], name);
      }
      for (const name of ['tokenizer_config.json', 'vocab.json', 'merges.txt'])
        assert.equal(readFileSync(join(folder, name), 'utf8'), readFileSync(join(model, name), 'utf8'), name);
    }
  });

  const python = process.env.CHATBOT_TRAIN_PYTHON;
  test('is opened by transformers with the same tokens', {
    skip: python === undefined && 'set CHATBOT_TRAIN_PYTHON to a Python that has transformers and torch',
  }, () => {
    const program = `
import sys
from transformers import AutoTokenizer, GPT2LMHeadModel
before, after = (AutoTokenizer.from_pretrained(folder) for folder in sys.argv[1:])
assert before.get_vocab() == after.get_vocab()
assert before.special_tokens_map == after.special_tokens_map
text = "hello<speaker>hello<pad>"
assert before.encode(text) == after.encode(text)
model, info = GPT2LMHeadModel.from_pretrained(sys.argv[2], output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"], info
print(model.config.pad_token_id, model.generation_config.pad_token_id, after.convert_tokens_to_ids("<speaker>"))`;
    const { stdout, stderr } = spawnSync(python ?? '', ['-c', program, model, output], { encoding: 'utf8' });
    assert.equal(stdout.trim(), `${size} ${size} ${size + 1}`, stderr);
  });

  test('is refused if a tokenizer file is a link to a private file', async () => {
    const folder = makeTinyModel(join(root, 'linked'));
    writeFileSync(join(root, 'private'), 'private');
    symlinkSync(join(root, 'private'), join(folder, 'chat_template.jinja'));
    const { code, stderr } = await trainHere([
      ...['--model', folder, '--data', data, '--output-dir', join(root, 'never')],
    ]);
    assert.equal(code, 4);
    assert.match(
      stderr,
      /^error: .*chat_template\.jinja is a link to a file outside its folder; put a copy/m,
    );
  });
});
