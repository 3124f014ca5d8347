// Model folders that cannot be used, or should not be: damaged, of another kind, or made to do harm.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { type BadInput, root, testBadInputs } from './bad-input.js';
import { repositoryRoot } from './repository.js';

const goldenBin = join(repositoryRoot, 'test/goldens/weights/zip/pytorch_model.bin');

const weightsOf = (model: string) => join(model, 'model.safetensors');

/** A safetensors file with this header and `body` zeros. */
function safetensors(header: object, body = 0): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(body)]);
}

/** A good model with other weights. */
const weights = (name: string, content: Uint8Array, says: string): BadInput => ({
  name,
  says,
  arrange: ({ model }) => {
    writeFileSync(weightsOf(model), content);
    return ['--model', model];
  },
});

/** A good model with a pytorch_model.bin in place of its model.safetensors. */
const bin = (name: string, content: Uint8Array, says: string): BadInput => ({
  name,
  says,
  arrange: ({ model }) => {
    rmSync(weightsOf(model));
    writeFileSync(join(model, 'pytorch_model.bin'), content);
    return ['--model', model];
  },
});

/** A good model with another file, or without it. */
const changed = (
  name: string,
  file: string,
  change: (text: string) => string | null,
  says: string,
): BadInput => ({
  name,
  says,
  arrange: ({ model }) => {
    const path = join(model, file);
    const content = change(readFileSync(path, 'utf8'));
    if (content === null) rmSync(path);
    else writeFileSync(path, content);
    return ['--model', model];
  },
});

const withProperties = (changes: object) => (text: string) => {
  const json: object = JSON.parse(text);
  return JSON.stringify({ ...json, ...changes });
};

const configured = (name: string, changes: object, says: string) =>
  changed(name, 'config.json', withProperties(changes), says);

const canary = join(root, 'was-run');
after(() => assert.ok(!existsSync(canary), 'nothing is run'));

/** In a file that torch.save wrote, a pickle that calls os.system; nothing after its STOP is read. */
function pickleThatRuns(command: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(command.length);
  const bytes = Buffer.from(readFileSync(goldenBin));
  const start = bytes.indexOf(Buffer.from([0x80, 2]), bytes.indexOf('data.pkl'));
  bytes.write(`\x80\x02cposix\nsystem\n(X${length.toString('latin1')}${command}tR.`, start, 'latin1');
  return bytes;
}

/** What torch.save wrote, with entries whose names climb out of their folder. */
function zipThatClimbs(): Buffer {
  const text = readFileSync(goldenBin).toString('latin1');
  const name = /(\w+)\/data\.pkl/.exec(text)?.[1] ?? assert.fail('no name');
  return Buffer.from(text.replaceAll(`${name}/`, `../${'x'.repeat(name.length - 3)}/`), 'latin1');
}

testBadInputs('model', [
  {
    name: 'a model folder that is not there',
    says: 'there is no folder FOLDER/modl; check its spelling, or name a preset (tiny) or a model of the hub (microsoft/DialoGPT-small)',
    arrange: ({ folder }) => ['--model', join(folder, 'modl')],
  },
  {
    name: 'a folder that is no model',
    says: 'FOLDER/chats is not a model folder: it holds a.json, but needs config.json and model.safetensors or pytorch_model.bin',
    arrange: ({ folder }) => {
      mkdirSync(join(folder, 'chats'));
      writeFileSync(join(folder, 'chats/a.json'), '[]');
      return ['--model', join(folder, 'chats')];
    },
  },
  {
    name: 'a folder above the model',
    says: 'FOLDER is not a model folder: it holds model, but needs config.json and model.safetensors or pytorch_model.bin; did you mean FOLDER/model?',
    arrange: ({ folder }) => ['--model', folder],
  },
  {
    name: 'a model of the hub that is not on this machine, offline',
    says: 'nobody/nothing (main) is not completely downloaded to ROOT/no-hub/hub, and HF_HUB_OFFLINE is set; unset it to download the model, or name a local model folder',
    arrange: () => ['--model', 'nobody/nothing'],
  },
  {
    name: 'weights cut short',
    says: 'FOLDER/model/model.safetensors is damaged: tensor "transformer.h.0.attn.c_attn.weight" extends beyond the end of the file, which may be truncated; download or copy it again',
    arrange: ({ model }) => {
      truncateSync(weightsOf(model), 50_000);
      return ['--model', model];
    },
  },
  weights(
    'a safetensors header beyond the file',
    Buffer.from('ffffffffffffff7f7b7d', 'hex'),
    'FOLDER/model/model.safetensors is not a safetensors file or is damaged: it announces a header of 9223372036854776000 bytes; download or copy it again',
  ),
  weights(
    'overlapping tensors',
    safetensors(
      {
        'wte.weight': { dtype: 'F32', shape: [4], data_offsets: [0, 16] },
        'wpe.weight': { dtype: 'F32', shape: [4], data_offsets: [8, 24] },
      },
      24,
    ),
    'FOLDER/model/model.safetensors is damaged: tensor "wpe.weight" overlaps the one before it; download or copy it again',
  ),
  weights(
    'a tensor beyond the file',
    safetensors({ 'wte.weight': { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }),
    'FOLDER/model/model.safetensors is damaged: tensor "wte.weight" extends beyond the end of the file, which may be truncated; download or copy it again',
  ),
  weights(
    'weights of another model',
    safetensors({}),
    'FOLDER/model/model.safetensors has no tensor wte.weight; it is not a complete GPT-2, or its config.json belongs to another model',
  ),
  bin(
    'a pickle that calls os.system',
    pickleThatRuns(`touch ${canary}`),
    'FOLDER/model/pytorch_model.bin asks to run "posix.system", which no weight file needs; nothing was run; do not trust this file, and use a model.safetensors instead',
  ),
  bin(
    'a zip whose entries leave the folder',
    zipThatClimbs(),
    'FOLDER/model/pytorch_model.bin has an entry "../xxxxxxxxxx/data.pkl", which points outside its folder; do not trust this file',
  ),
  bin(
    'a zip cut short',
    readFileSync(goldenBin).subarray(0, 3000),
    'FOLDER/model/pytorch_model.bin is damaged: it has no zip directory at its end, so it may be truncated; download or copy it again',
  ),
  configured(
    'another architecture',
    { model_type: 'llama', architectures: ['LlamaForCausalLM'] },
    'FOLDER/model/config.json: model_type "llama" is not supported; use a GPT-2 or DialoGPT model (model_type "gpt2")',
  ),
  configured(
    'an unknown activation',
    { activation_function: 'swish' },
    'FOLDER/model/config.json: activation_function "swish" is not supported; it must be "gelu_new" or "gelu"',
  ),
  configured(
    'cross-attention',
    { add_cross_attention: true },
    'FOLDER/model/config.json: add_cross_attention true is not supported; use a plain GPT-2 or DialoGPT model',
  ),
  configured(
    'heads that do not divide the width',
    { n_head: 5 },
    'FOLDER/model/config.json: n_embd 32 is not divisible by n_head 5; use the config.json that was saved with the weights',
  ),
  configured(
    'a width that its weights do not have',
    { n_embd: 64 },
    'FOLDER/model/model.safetensors: tensor wte.weight is [267, 32], but config.json requires [267, 64]; use the config.json that was saved with these weights',
  ),
  configured(
    'layers without end',
    { n_layer: 1e9 },
    'FOLDER/model/config.json: n_layer must be a whole number from 1 to 4096, found 1000000000',
  ),
  changed(
    'a config.json that is no JSON',
    'config.json',
    () => '{"n_embd": ',
    'FOLDER/model/config.json cannot be read as JSON (PARSER); download or copy it again',
  ),
  changed(
    'a vocabulary larger than the embedding',
    'vocab.json',
    withProperties({ '<|extra|>': 267 }),
    'FOLDER/model: its tokenizer has 268 tokens but its embedding only 267 rows (vocab_size in config.json); use the tokenizer files that were saved with these weights, or save the model again after model.resize_token_embeddings(len(tokenizer))',
  ),
  changed(
    'a model without a tokenizer',
    'vocab.json',
    () => null,
    'FOLDER/model has merges.txt but no vocab.json; add the missing one, or a tokenizer.json',
  ),
  changed(
    'a tokenizer that is damaged',
    'vocab.json',
    () => '{"a": 0,',
    "FOLDER/model/vocab.json is not JSON (PARSER); download or copy the tokenizer's files again",
  ),
]);
