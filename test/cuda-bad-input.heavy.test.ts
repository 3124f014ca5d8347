// What can be wrong with a GPU, its driver and its libraries. Each command reports it in one sentence that names the
// fix, with exit code 5. The emulator in test/cuda-emulator is the card; environment variables make it misbehave.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ExitCode } from '../src/errors.js';
import { checkpointSteps } from '../src/train/checkpoint.js';
import { emulatorFolder } from './cuda-emulator/build.js';
import { repositoryRoot } from './repository.js';
import { makeTinyCorpus, makeTinyModel, type Outcome, scratchFolder, tinyConfig } from './tiny-run.js';

const root = scratchFolder('cuda-bad-input');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'));
const emulator = emulatorFolder();

type Settings = Readonly<Record<string, string>>;

function run(program: string, words: readonly string[], settings: Settings): Outcome {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repositoryRoot, 'dist/src/cli', program), ...words],
    {
      encoding: 'utf8',
      env: { ...process.env, HF_HUB_OFFLINE: '1', CHATBOT_TRAIN_CUDA_LIBRARIES: emulator, ...settings },
    },
  );
  return { code: status, stdout, stderr };
}

function train(output: string, words: readonly string[], settings: Settings = {}): Outcome {
  const usual = ['--model', model, '--data', data, '--output-dir', output, '--max-length', '64'];
  return run('main.js', [...usual, ...words], settings);
}

let folders = 0;

/** A folder with some of the emulator's libraries, or with files of the given text instead. */
function libraries(...names: (string | readonly [name: string, text: string])[]): string {
  const folder = join(root, `libraries-${folders++}`);
  mkdirSync(folder);
  for (const each of names) {
    if (typeof each === 'string') symlinkSync(join(emulator, each), join(folder, each));
    else writeFileSync(join(folder, each[0]), each[1]);
  }
  return folder;
}

const [libcuda, libnvrtc, libcublasLt] = ['libcuda.so.1', 'libnvrtc.so.13', 'libcublasLt.so.13'] as const;

interface Case {
  readonly name: string;
  readonly words?: readonly string[];
  readonly settings?: Settings;
  readonly libraries?: readonly (string | readonly [string, string])[];
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  {
    name: 'no driver',
    libraries: [],
    says: /no NVIDIA driver is found \(libcuda\.so\.1\) in .*: install the current NVIDIA driver/,
  },
  {
    name: 'a file that is not a driver',
    libraries: [[libcuda, 'text']],
    says: /libcuda\.so\.1 does not load \(.*\): install the current NVIDIA driver/,
  },
  {
    name: 'a driver that sees no card',
    settings: { CUDA_EMULATOR_INIT_ERROR: '100' },
    says: /the NVIDIA driver sees no GPU .*CUDA_VISIBLE_DEVICES.*, or use --device cpu\.\n$/,
  },
  {
    name: 'a driver that was updated while it was running',
    settings: { CUDA_EMULATOR_INIT_ERROR: '803' },
    says: /its two halves do not match .*: restart the machine, or use --device cpu\.\n$/,
  },
  {
    name: 'a container without the devices of the card',
    settings: { CUDA_EMULATOR_INIT_ERROR: '304' },
    says: /the system does not give CUDA access to the GPU \(.*\): check that \/dev\/nvidia0 .*, or use --device cpu\.\n$/,
  },
  {
    name: 'a driver before CUDA 12',
    settings: { CUDA_EMULATOR_DRIVER_VERSION: '11080' },
    says: /driver is too old \(it supports CUDA 11\.8, and 12\.0 is needed\): install the current NVIDIA driver/,
  },
  {
    name: 'a driver that is older than the toolkit',
    settings: { CUDA_EMULATOR_DRIVER_VERSION: '12040' },
    says: /libnvrtc\.so\.13 and .*libcublasLt\.so\.13 do not suit this GPU and its driver, which need CUDA 12: .*pip install nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12, or use --device cpu\.\n$/,
  },
  {
    name: 'no libnvrtc',
    libraries: [libcuda, libcublasLt],
    says: /libnvrtc of CUDA 13 or 12 is not found .*pip install nvidia-cuda-nvrtc, or use --device cpu\./,
  },
  {
    name: 'neither library',
    libraries: [libcuda],
    says: /libnvrtc and libcublasLt of CUDA 13 or 12 are not found .*pip install nvidia-cuda-nvrtc nvidia-cublas, or use --device cpu\.\n$/,
  },
  {
    name: 'no libcublasLt',
    libraries: [libcuda, libnvrtc],
    says: /libcublasLt of CUDA 13 or 12 is not found .*pip install nvidia-cublas, or use --device cpu\./,
  },
  {
    name: 'a libnvrtc that is damaged',
    libraries: [libcuda, [libnvrtc, 'text'], libcublasLt],
    says: /libnvrtc\.so\.13 does not load .*pip install --force-reinstall nvidia-cuda-nvrtc, or use --device cpu\.\n$/,
  },
  {
    name: 'a card that is too old',
    settings: { CUDA_EMULATOR_COMPUTE_CAPABILITY: '6.1' },
    says: /cuda:0 \(.*\) is too old \(it has compute capability 6\.1, 7\.0 is needed\): use --device cpu\./,
  },
  {
    name: 'a card that does not exist',
    words: ['--device', 'cuda:3'],
    says: /there is no cuda:3: there is one GPU, cuda:0\./,
  },
  {
    name: 'a card number beyond several cards',
    words: ['--device', 'cuda:2'],
    settings: { CUDA_EMULATOR_DEVICES: '2' },
    says: /there is no cuda:2: there are 2 GPUs, cuda:0 to cuda:1\./,
  },
  {
    name: 'bf16 on a T4',
    words: ['--device', 'cuda', '--precision', 'bf16'],
    settings: { CUDA_EMULATOR_COMPUTE_CAPABILITY: '7.5' },
    says: /cuda does not compute in bf16: use --precision fp16 or --precision fp32 \(on CUDA: .* compute capability 7\.5.*\)\./,
  },
  {
    name: 'a card that another program has filled',
    settings: { CUDA_EMULATOR_MEMORY: '20000000' },
    says: /not enough memory on the GPU: .* needs .* and 11\.6 MB are free \(.* too little\); end other programs that use the GPU .*, or use --device cpu\.\n$/,
  },
];

describe('an unusable GPU gives one sentence and exit code 5, and nothing is written', () => {
  for (const { name, words = ['--device', 'cuda'], settings = {}, says, libraries: names } of cases) {
    test(name, () => {
      const output = join(root, 'refused');
      const own = names ? { CHATBOT_TRAIN_CUDA_LIBRARIES: libraries(...names) } : {};
      const { code, stdout, stderr } = train(output, ['--quiet', ...words], { ...settings, ...own });
      assert.match(stderr, /^error: [^\n]*\n$/);
      assert.match(stderr, says);
      assert.equal(stdout, '');
      assert.equal(code, ExitCode.device);
      assert.ok(!existsSync(output));
    });
  }

  interface Plan {
    readonly available_memory_bytes: number;
    readonly memory_parts: { readonly workspace: number };
  }

  /** A card with the given number of bytes free besides what the device itself takes. */
  const cardWith = (bytes: number): Settings => {
    const { stdout } = train(join(root, 'measured'), ['--device', 'cuda', '--dry-run', '--json'], {
      CUDA_EMULATOR_MEMORY: String(2 ** 32),
    });
    const { available_memory_bytes: available, memory_parts } = JSON.parse(stdout) as Plan;
    return { CUDA_EMULATOR_MEMORY: String(2 ** 32 - available + memory_parts.workspace + bytes) };
  };

  test('a run that does not fit reports how much memory is missing and the flags that make it fit', () => {
    const output = join(root, 'too-big');
    const many = makeTinyCorpus(join(root, 'many.json'), 1000);
    const words = [
      '--device',
      'cuda',
      '--precision',
      'fp32',
      '--quiet',
      '--data',
      many,
      '--batch-size',
      '64',
    ];
    const memory = cardWith(8e6);
    const { code, stderr } = train(output, words, memory);
    assert.match(
      stderr,
      /^error: training needs .* MB of memory \(.*weights.*\), but .* MB are available \(.* [kM]B too little\); it fits with --/,
    );
    assert.equal(code, ExitCode.device);
    assert.ok(!existsSync(output));
    const flags = /it fits with (.*)/.exec(stderr)?.[1]?.split(' ') ?? [];
    const fitting = train(output, [...words, ...flags, '--dry-run'], memory);
    assert.equal(fitting.code, ExitCode.ok, fitting.stderr);
  });

  test('a model with heads wider than the kernels support, in training and in chat', () => {
    const wide = makeTinyModel(join(root, 'wide'), { ...tinyConfig, nEmbd: 160, nHead: 1, nLayer: 1 });
    const output = join(root, 'too-wide');
    const outcomes = [
      train(output, ['--model', wide, '--device', 'cuda', '--quiet']),
      run('chat/main.js', [wide, '--prompt', 'hello', '--device', 'cuda'], {}),
    ];
    for (const { code, stderr } of outcomes) {
      assert.match(
        stderr,
        /^error: cuda supports attention heads of up to 128 channels, but those of this model have 160: use --device cpu\n$/,
      );
      assert.equal(code, ExitCode.device);
    }
    assert.ok(!existsSync(output));
  });

  test('a model that does not fit, in chat', () => {
    const words = [model, '--prompt', 'hello', '--device', 'cuda', '--precision', 'fp32'];
    const { code, stderr } = run('chat/main.js', [...words, '--candidates', '64'], cardWith(2e5));
    assert.match(
      stderr,
      /^error: .*model needs .*, but .* are available \(.* too little\); use a smaller model/,
    );
    assert.equal(code, ExitCode.device);
  });
});

describe('--device auto', () => {
  const auto = (settings: Settings) => train(join(root, 'auto'), ['--dry-run', '--device', 'auto'], settings);

  test('uses a GPU that works', () => {
    const { code, stdout, stderr } = auto({});
    assert.match(stdout, /^device +CUDA: CUDA emulator/m);
    assert.doesNotMatch(stderr, /GPU/);
    assert.equal(code, ExitCode.ok);
  });

  test('says why it does not use a GPU that does not work', () => {
    const { code, stdout, stderr } = auto({ CUDA_EMULATOR_COMPUTE_CAPABILITY: '5.2' });
    assert.match(stdout, /^device +CPU: /m);
    assert.match(
      stderr,
      /^note: not using the GPU: cuda:0 .*is too old .*5\.2.*; run chatbot-train doctor to see how/m,
    );
    assert.equal(code, ExitCode.ok);
  });

  test('says why in chat too', () => {
    const { code, stdout, stderr } = run('chat/main.js', [model, '--prompt', 'hello'], {
      CUDA_EMULATOR_INIT_ERROR: '304',
    });
    assert.match(
      stderr,
      /^note: not using the GPU: the system does not give CUDA access to the GPU \(.*; run chatbot-train doctor/m,
    );
    assert.notEqual(stdout, '');
    assert.equal(code, ExitCode.ok);
  });

  test('says nothing without a driver', () => {
    const { code, stdout, stderr } = auto({ CHATBOT_TRAIN_CUDA_LIBRARIES: libraries() });
    assert.match(stdout, /^device +CPU: /m);
    assert.doesNotMatch(stderr, /GPU|CUDA/);
    assert.equal(code, ExitCode.ok);
  });
});

interface Logged {
  readonly step: number;
  readonly loss?: number;
  readonly eval_loss?: number;
}

/** Every loss of a run, in order. */
function losses(output: string): number[] {
  const lines = readFileSync(join(output, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    const { loss, eval_loss } = JSON.parse(line) as Logged;
    return [loss, eval_loss].filter((value) => value !== undefined);
  });
}

const training = ['--precision', 'fp32', '--max-steps', '8', '--batch-size', '2', '--logging-steps', '1'];

test('a run on the GPU learns what a run on the CPU learns', () => {
  const [gpu, cpu] = ['cuda', 'cpu'].map((device) => {
    const output = join(root, `learns-${device}`);
    const { code, stderr } = train(output, [...training, '--device', device]);
    assert.equal(code, ExitCode.ok, stderr);
    return losses(output);
  });
  assert.ok(gpu && cpu && cpu.length >= 9);
  assert.equal(gpu.length, cpu.length);
  gpu.forEach((loss, at) => {
    assert.ok(Math.abs(loss - Number(cpu[at])) < 1e-4, `loss ${at}: ${loss} and ${cpu[at]}`);
  });
});

test('a model gives the same reply on the GPU as on the CPU', () => {
  const words = [model, '--prompt', 'hello', '--precision', 'fp32', '--greedy', '--max-new-tokens', '8'];
  const [gpu, cpu] = ['cuda', 'cpu'].map((device) => {
    const { code, stdout, stderr } = run('chat/main.js', [...words, '--device', device], {});
    assert.equal(code, ExitCode.ok, stderr);
    return stdout;
  });
  assert.ok(gpu && gpu.trim() !== '');
  assert.equal(gpu, cpu);
});

test('if the GPU is lost during a run, only the steps since the last checkpoint are lost', () => {
  const output = join(root, 'lost');
  // Without evaluations, which make many calls of the card, so that the loss falls into a training step.
  const words = ['--device', 'cuda', '--precision', 'fp32', '--eval-ratio', '0', '--max-steps', '24'];
  words.push('--batch-size', '2', '--save-steps', '1');
  const { code, stderr } = train(output, words, { CUDA_EMULATOR_LOSE_AFTER: '600' });
  assert.match(
    stderr,
    /^error: the GPU was lost \(.*\): start again \(a training run with --resume: its checkpoints are intact\); [^\n]*\n$/m,
  );
  assert.equal(code, ExitCode.device);
  const kept = checkpointSteps(output);
  assert.ok(kept.length > 0 && !kept.includes(24), `kept ${kept}`);
  const resumed = train(output, [...words, '--resume']);
  assert.equal(resumed.code, ExitCode.ok, resumed.stderr);
  assert.ok(checkpointSteps(output).includes(24));
});

test('if the GPU is lost during a chat, the chat ends with one sentence', () => {
  const words = [model, '--prompt', 'hello', '--device', 'cuda'];
  const { code, stderr } = run('chat/main.js', words, { CUDA_EMULATOR_LOSE_AFTER: '50' });
  assert.match(stderr, /^error: the GPU was lost \(.*\): start again [^\n]*\n$/m);
  assert.equal(code, ExitCode.device);
});
