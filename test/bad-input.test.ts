// What a person or a stranger's file can get wrong: each costs one sentence on stderr that names the place and the
// cure, and the exit code of its kind; nothing is run and nothing is written.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { flagMessageOf } from '../src/cli/flag-names.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import { totalBytes } from '../src/device/memory-plan.js';
import { ExitCode, UserError } from '../src/errors.js';
import { checkpointSteps } from '../src/train/checkpoint.js';
import type { LearnerOptions } from '../src/train/learner.js';
import { planRunMemory, runMemory } from '../src/train/plan.js';
import { openModelFolder } from '../src/weights/model-folder.js';
import { repositoryRoot } from './repository.js';
import { chatbotTrain, makeTinyCorpus, makeTinyModel, scratchFolder, tinyConfig } from './tiny-run.js';

const root = scratchFolder('bad-input');
const goodModel = makeTinyModel(join(root, 'model'));
const goodData = makeTinyCorpus(join(root, 'chats.json'));
const goldenBin = join(repositoryRoot, 'test/goldens/weights/zip/pytorch_model.bin');

interface Place {
  /** A copy of a good model, to be damaged. */
  readonly model: string;
  readonly file: (name: string, content: string | Uint8Array) => string;
  readonly folder: string;
}

interface Case {
  readonly name: string;
  readonly code: number;
  readonly says: RegExp;
  /** Lays the files out. @returns flags besides a good --model, --data and --output-dir. */
  readonly arrange: (place: Place) => readonly string[];
}

const data = (name: string, content: string | Uint8Array, says: RegExp, what: string): Case => ({
  name: what,
  code: ExitCode.data,
  says,
  arrange: ({ file }) => ['--data', file(name, content)],
});

const pair = (text: string, response: string) => `${JSON.stringify({ text, response })}\n`;

const corpora: readonly Case[] = [
  {
    name: 'a file that is not there',
    code: ExitCode.data,
    says: /chat\.json does not exist; .*/,
    arrange: ({ folder }) => ['--data', join(folder, 'chat.json')],
  },
  {
    name: 'a folder without conversations',
    code: ExitCode.data,
    says: /model holds no file that can be read: .*; .*/,
    arrange: ({ folder }) => {
      mkdirSync(join(folder, 'empty-model'));
      return ['--data', join(folder, 'empty-model')];
    },
  },
  data('empty.json', '', /empty\.json is empty; /, 'an empty file'),
  data(
    'binary.json',
    Buffer.from([1, 2, 0, 255, 7]),
    /binary\.json is a binary file .*; give /,
    'a binary file',
  ),
  data(
    'photo.json',
    Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'),
    /photo\.json is .*, not text; /,
    'a picture',
  ),
  data(
    'a.json',
    '[\n{"text": "a", "response": "b"},\n{"text": "c" "response": "d"}]',
    /a\.json:3:14 /,
    'malformed JSON',
  ),
  data('a.jsonl', `${pair('a', 'b')}{"text": "c", "resp`, /a\.jsonl:2/, 'a malformed line of JSONL'),
  data(
    'a.json',
    '[{"question": "hi", "answer": "hello"}]',
    /a\.json:1: .*text.*response.*question.*answer/,
    'other field names',
  ),
  data(
    'a.json',
    '[{"txt": "hi", "response": "hello"}]',
    /a\.json:1: .*rename txt to text/,
    'a misspelt field name',
  ),
  data('a.json', '[]', /a\.json holds an empty list/, 'an empty list'),
  data('a.json', '{"text": 3}', /a\.json/, 'an object where a list belongs'),
  data(
    'a.jsonl',
    Buffer.from(`${pair('a', 'b')}${pair('caf\xe9', 'oui')}`, 'latin1'),
    /a\.jsonl:2 .*0xE9.*iconv/i,
    'Latin-1',
  ),
  data(
    'a.json',
    Buffer.from('\ufeff[{"text":"a","response":"b"}]', 'utf16le'),
    /a\.json is in UTF-16.*iconv/,
    'UTF-16',
  ),
  data('a.tsv', 'no tab here\n', /a\.tsv:1: expected two columns/, 'a TSV without a tab'),
  data(
    'a.jsonl',
    '{"turns": ["alone"]}\n',
    /no dialogue in .*a\.jsonl can be used.*two turns/,
    'dialogues of one turn',
  ),
  data('a.jsonl', pair('', ' '), /no dialogue in .*a\.jsonl can be used/, 'dialogues without text'),
  data(
    'a.json',
    `[${pair('same', 'again')}]`,
    /at least 2 different dialogues.*--eval-ratio 0/,
    'too few to measure on',
  ),
  {
    name: 'a format that the file is not in',
    code: ExitCode.data,
    says: /movie_lines\.txt does not exist; /,
    arrange: () => ['--data', goodData, '--format', 'cornell'],
  },
  {
    name: 'evaluation data that are all the data',
    code: ExitCode.data,
    says: /every dialogue of --data is also in --eval-data/,
    arrange: () => ['--eval-data', goodData],
  },
  {
    name: 'evaluation data that are not there',
    code: ExitCode.data,
    says: /held\.json does not exist/,
    arrange: ({ folder }) => ['--eval-data', join(folder, 'held.json')],
  },
];

const weightsOf = (model: string) => join(model, 'model.safetensors');

/** A safetensors file with this header and no more. */
function safetensors(header: object, body = 0): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(body)]);
}

function rewriteJson(path: string, changes: object) {
  const json: object = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...json, ...changes }));
}

const canary = join(root, 'was-run');

const hostile = (name: string, content: () => Uint8Array, says: RegExp): Case => ({
  name,
  code: ExitCode.model,
  says,
  arrange: ({ model }) => {
    writeFileSync(weightsOf(model), content());
    return ['--model', model];
  },
});

function binModel(model: string, content: Uint8Array): readonly string[] {
  rmSync(weightsOf(model));
  writeFileSync(join(model, 'pytorch_model.bin'), content);
  return ['--model', model];
}

function configured(name: string, changes: object, says: RegExp): Case {
  return {
    name,
    code: ExitCode.model,
    says,
    arrange: ({ model }) => {
      rewriteJson(join(model, 'config.json'), changes);
      return ['--model', model];
    },
  };
}

const models: readonly Case[] = [
  {
    name: 'a model folder that is not there',
    code: ExitCode.model,
    says: /there is no folder .*modl; check its spelling, or name a preset \(tiny\)/,
    arrange: ({ folder }) => ['--model', join(folder, 'modl')],
  },
  {
    name: 'a folder that is no model',
    code: ExitCode.model,
    says: /is no model folder: it holds .*needs config\.json/,
    arrange: () => ['--model', root],
  },
  {
    name: 'a model of the hub that is not on this machine, offline',
    code: ExitCode.model,
    says: /nobody\/nothing.*HF_HUB_OFFLINE/,
    arrange: () => ['--model', 'nobody/nothing'],
  },
  {
    name: 'weights cut short',
    code: ExitCode.model,
    says: /model\.safetensors .*(short|damaged|again)/,
    arrange: ({ model }) => {
      truncateSync(weightsOf(model), 50_000);
      return ['--model', model];
    },
  },
  hostile(
    'a safetensors header beyond the file',
    () => Buffer.from('ffffffffffffff7f7b7d', 'hex'),
    /model\.safetensors /,
  ),
  hostile(
    'overlapping tensors',
    () =>
      safetensors(
        {
          'wte.weight': { dtype: 'F32', shape: [4], data_offsets: [0, 16] },
          'wpe.weight': { dtype: 'F32', shape: [4], data_offsets: [8, 24] },
        },
        24,
      ),
    /model\.safetensors .*overlap/,
  ),
  hostile(
    'a tensor beyond the file',
    () => safetensors({ 'wte.weight': { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }),
    /model\.safetensors /,
  ),
  hostile('weights of another model', () => safetensors({}), /model\.safetensors has no tensor wte\.weight/),
  {
    name: 'a pickle that calls os.system',
    code: ExitCode.model,
    says: /pytorch_model\.bin .*"posix\.system"/,
    arrange: ({ model }) => {
      // In a file that torch.save wrote; what follows the pickle's STOP is never read.
      const bytes = readFileSync(goldenBin);
      const start = bytes.indexOf(Buffer.from([0x80, 2]), bytes.indexOf('data.pkl'));
      bytes.write(`\x80\x02cposix\nsystem\n(X${shortText(`touch ${canary}`)}tR.`, start, 'latin1');
      return binModel(model, bytes);
    },
  },
  {
    name: 'a zip whose entries leave the folder',
    code: ExitCode.model,
    says: /pytorch_model\.bin .*\.\./,
    arrange: ({ model }) => {
      const bytes = readFileSync(goldenBin);
      const name = /([\w]+)\/data\.pkl/.exec(bytes.toString('latin1'))?.[1] ?? assert.fail('no name');
      const outside = `../${'x'.repeat(name.length - 3)}`;
      return binModel(
        model,
        Buffer.from(bytes.toString('latin1').replaceAll(`${name}/`, `${outside}/`), 'latin1'),
      );
    },
  },
  {
    name: 'a zip cut short',
    code: ExitCode.model,
    says: /pytorch_model\.bin .*cut short/,
    arrange: ({ model }) => binModel(model, readFileSync(goldenBin).subarray(0, 3000)),
  },
  configured(
    'another architecture',
    { model_type: 'llama', architectures: ['LlamaForCausalLM'] },
    /config\.json: .*llama/i,
  ),
  configured(
    'an unknown activation',
    { activation_function: 'swish' },
    /config\.json: activation_function.*swish/,
  ),
  configured('cross-attention', { add_cross_attention: true }, /config\.json: add_cross_attention/),
  configured('heads that do not divide the width', { n_head: 5 }, /config\.json: .*n_head/),
  configured(
    'a width that its weights do not have',
    { n_embd: 64 },
    /model\.safetensors.*\[.*\].*config\.json/,
  ),
  configured('layers without end', { n_layer: 1e9 }, /config\.json: n_layer/),
  {
    name: 'a config.json that is no JSON',
    code: ExitCode.model,
    says: /config\.json cannot be read as JSON/,
    arrange: ({ model }) => {
      writeFileSync(join(model, 'config.json'), '{"n_embd": ');
      return ['--model', model];
    },
  },
  {
    name: 'a vocabulary larger than the embedding',
    code: ExitCode.model,
    says: /its tokenizer has 268 tokens but its embedding only 267 rows/,
    arrange: ({ model }) => {
      rewriteJson(join(model, 'vocab.json'), { '<|extra|>': 267 });
      return ['--model', model];
    },
  },
  {
    name: 'a model without a tokenizer',
    code: ExitCode.model,
    says: /vocab\.json/,
    arrange: ({ model }) => {
      rmSync(join(model, 'vocab.json'));
      return ['--model', model];
    },
  },
  {
    name: 'a tokenizer that is damaged',
    code: ExitCode.model,
    says: /vocab\.json/,
    arrange: ({ model }) => {
      writeFileSync(join(model, 'vocab.json'), '{"a": 0,');
      return ['--model', model];
    },
  },
];

const flags: readonly Case[] = [
  [
    'an unknown flag',
    ['--learning-rat', '1'],
    ExitCode.usage,
    /unknown flag --learning-rat; did you mean --learning-rate\?/,
  ],
  ['a row longer than the context', ['--max-length', '65'], ExitCode.usage, /--max-length is 65.*64 tokens/],
  ['an unknown device', ['--device', 'gpu'], ExitCode.usage, /gpu/],
  ['CUDA', ['--device', 'cuda'], ExitCode.device, /cuda.*--device cpu/],
  ['TensorFlow.js', ['--device', 'tfjs:webgl'], ExitCode.device, /'webgl'.*tfjs:node-gpu/],
  [
    'bf16 on the CPU',
    ['--precision', 'bf16'],
    ExitCode.device,
    /cpu does not compute in bf16: use --precision fp32/,
  ],
  [
    'fp16 on the CPU',
    ['--precision', 'fp16'],
    ExitCode.device,
    /cpu does not compute in fp16: use --precision fp32/,
  ],
  ['a file to resume', ['--resume', goodData], ExitCode.usage, /--resume: .*chats\.json is a file; name /],
  [
    'an infinite learning rate',
    ['--learning-rate', '1e400'],
    ExitCode.usage,
    /--learning-rate is Infinity .* must be/,
  ],
  ['no threads', ['--threads', '0'], ExitCode.usage, /--threads is 0 on the command line, but must be/],
].map(([name, given, code, says]) => ({ name, code, says, arrange: () => given }) as Case);

/** A pickle's BINUNICODE without its opcode. */
function shortText(text: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return length.toString('latin1') + text;
}

describe('refused in one sentence, with nothing written', { concurrency: 2 }, () => {
  [...corpora, ...models, ...flags].forEach(({ name, code, says, arrange }, index) => {
    test(name, async () => {
      const folder = join(root, `case-${index}`);
      mkdirSync(folder);
      const model = join(folder, 'model');
      cpSync(goodModel, model, { recursive: true });
      const file: Place['file'] = (fileName, content) => {
        const path = join(folder, fileName);
        writeFileSync(path, content);
        return path;
      };
      const given = arrange({ model, folder, file });
      const before = readdirSync(folder, { recursive: true }).sort();
      const fallback = (flag: string, value: string) => (given.includes(flag) ? [] : [flag, value]);
      const outcome = await chatbotTrain([
        ...fallback('--model', goodModel),
        ...fallback('--data', goodData),
        ...['--output-dir', join(folder, 'out'), '--max-steps', '1', '--quiet'],
        ...given,
      ]);
      assert.match(outcome.stderr, /^error: [^\n]+\n$/, 'one sentence');
      assert.match(outcome.stderr, says);
      assert.doesNotMatch(outcome.stderr, /bug in chatbot-train/);
      assert.ok(outcome.stderr.length < 500 + 2 * folder.length, `too long to read: ${outcome.stderr}`);
      assert.equal(outcome.stdout, '');
      assert.equal(outcome.code, code);
      assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), before, 'nothing is written');
      assert.ok(!existsSync(canary), 'nothing is run');
    });
  });
});

const train = (output: string, ...more: readonly string[]) =>
  chatbotTrain(['--model', goodModel, '--data', goodData, '--output-dir', output, '--quiet', ...more]);

describe('a folder or machine that does not do', { concurrency: 2 }, () => {
  test('an output folder whose run ended before its first checkpoint is refused', async () => {
    const output = join(root, 'diary');
    mkdirSync(output);
    const diary = join(output, 'metrics.jsonl');
    writeFileSync(diary, '{"step":1,"epoch":0.1,"loss":2}\n');
    const { code, stderr } = await train(output, '--max-steps', '1');
    assert.match(stderr, /^error: --output-dir .*diary holds another run; .*\n$/);
    assert.equal(code, ExitCode.usage);
    assert.equal(readFileSync(diary, 'utf8'), '{"step":1,"epoch":0.1,"loss":2}\n');
  });

  test('an output folder that holds another run is refused and stays as it is', async () => {
    const output = join(root, 'occupied');
    assert.equal((await train(output, '--max-steps', '2')).code, 0);
    const files = () =>
      readdirSync(output, { recursive: true, encoding: 'utf8' }).map(
        (name) => `${name} ${statSync(join(output, name)).mtimeMs}`,
      );
    const before = files();
    const { code, stderr } = await train(output, '--max-steps', '3');
    assert.match(
      stderr,
      /^error: --output-dir .*occupied holds another run; resume it with --resume, or name another folder\n$/,
    );
    assert.equal(code, ExitCode.usage);
    assert.deepEqual(files(), before);
  });

  test('an output folder that holds a model is refused', async () => {
    const { code, stderr } = await train(goodModel, '--max-steps', '1');
    assert.match(stderr, /^error: --output-dir .*model holds a model; name another folder\n$/);
    assert.equal(code, ExitCode.usage);
  });

  test('an output folder that is a file is refused, and stays', async () => {
    const output = join(root, 'taken');
    copyFileSync(goodData, output);
    const { code, stderr } = await train(output, '--max-steps', '1');
    assert.match(stderr, /^error: --output-dir .*taken is a file; name a folder\n$/);
    assert.equal(code, ExitCode.usage);
    assert.deepEqual(readFileSync(output), readFileSync(goodData));
  });

  test('an output folder that cannot be made is refused before anything is trained', async () => {
    const { code, stderr } = await train(join(goodData, 'out'), '--max-steps', '1');
    assert.match(stderr, /^error: cannot save .*: a file is where a folder is needed; .*\n$/);
    assert.equal(code, ExitCode.device);
  });

  test('a disk that may not be written to is refused', async (t) => {
    const mount = join(root, 'read-only');
    mkdirSync(mount);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', mount]).status !== 0)
      return t.skip('mounting a tmpfs needs root on Linux');
    try {
      for (const output of [mount, join(mount, 'out')]) {
        const { code, stderr } = await train(output, '--max-steps', '1');
        assert.match(
          stderr,
          /^error: cannot save .*: .*(read-only|cannot be made).*; choose another folder\n$/,
        );
        assert.equal(code, ExitCode.device);
      }
    } finally {
      spawnSync('umount', [mount]);
    }
    return undefined;
  });

  test('a disk that fills up while saving leaves the last good checkpoint', async (t) => {
    const mount = join(root, 'small-disk');
    mkdirSync(mount);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1500k', 'tmpfs', mount]).status !== 0)
      return t.skip('mounting a small tmpfs needs root on Linux');
    try {
      const output = join(mount, 'run');
      const { code, stderr } = await train(
        output,
        '--max-steps',
        '9',
        '--save-steps',
        '1',
        '--eval-ratio',
        '0',
      );
      assert.match(
        stderr,
        /^error: cannot save .*: the disk is full; free some space or choose another folder\n$/,
      );
      assert.equal(code, ExitCode.device);
      const steps = checkpointSteps(output);
      assert.ok(steps.length > 0);
      for (const step of steps) {
        const model = openModelFolder(join(output, `checkpoint-${step}`));
        for (const name of model.names) model.read(name);
      }
      assert.deepEqual(
        readdirSync(output).filter((name) => name.startsWith('.')),
        [],
      );
      // With room again, the run goes on.
      spawnSync('mount', ['-o', 'remount,size=20m', mount]);
      const resumed = await train(
        output,
        '--max-steps',
        '9',
        '--save-steps',
        '1',
        '--eval-ratio',
        '0',
        '--resume',
      );
      assert.equal(resumed.code, 0, resumed.stderr);
    } finally {
      spawnSync('umount', [mount]);
    }
    return undefined;
  });

  test('a run that no machine has the memory for is refused before it starts', async () => {
    const output = join(root, 'huge');
    const many = makeTinyCorpus(join(root, 'many.json'), 9000);
    const { code, stderr } = await chatbotTrain([
      ...['--model', 'large', '--data', many, '--output-dir', output, '--quiet'],
      ...['--no-packing', '--max-length', '1024', '--batch-size', '8000'],
    ]);
    assert.match(
      stderr,
      /^error: training needs .* [GT]B of memory \(.*\), but .* GB are available \(.* too little\); .*\n$/,
    );
    assert.equal(code, ExitCode.device);
    assert.ok(!existsSync(output));
  });
});

describe('too little memory names the flags that make the run fit', () => {
  const wanted = {
    precision: 'fp32' as const,
    ...{ capacity: 64 * 1024, gradientCheckpointing: false, labelSmoothing: 0, samples: false },
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
  };
  const rows = { batchSize: 1024, maxLength: 64 };
  const onDevice = <Result>(ask: (device: Device) => Result, available?: number): Result => {
    const real = createCpuDevice({ threads: 1 });
    const small = Object.create(real, available ? { availableMemory: { value: () => available } } : {});
    try {
      return ask(small);
    } finally {
      real.dispose();
    }
  };
  const needed = (changes: Partial<LearnerOptions>) =>
    onDevice((device) => totalBytes(runMemory(device, tinyConfig, { ...wanted, ...changes })));
  const cureWith = (available: number): string | null =>
    onDevice((device) => {
      try {
        planRunMemory(device, tinyConfig, wanted, rows);
        return null;
      } catch (thrown) {
        assert.ok(thrown instanceof UserError);
        assert.equal(thrown.exitCode, ExitCode.device);
        return /too little\); (.*)$/.exec(flagMessageOf(thrown))?.[1] ?? '';
      }
    }, available);

  test('no more of them than are needed', () => {
    assert.equal(cureWith(needed({})), null);
    const gradientCheckpointing = true;
    for (const [changes, cure] of [
      [{ gradientCheckpointing }, '--gradient-checkpointing'],
      [{ capacity: 512 * 64 }, '--per-device-train-batch-size 512'],
      [
        { capacity: 256 * 64, gradientCheckpointing },
        '--per-device-train-batch-size 256 --gradient-checkpointing',
      ],
      [{ capacity: 64 }, '--per-device-train-batch-size 1'],
    ] as const)
      assert.equal(cureWith(needed(changes)), `it fits with ${cure}`);
  });

  test('where nothing helps, a smaller model', () => {
    assert.equal(cureWith(1e5), 'use a smaller model, or a device or machine with more memory');
  });
});
