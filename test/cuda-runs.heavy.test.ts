// Whole runs on the emulated card, started as a user starts them: the quickstart in bf16, interrupted and resumed runs,
// a model of odd sizes, and replies of every kind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExitCode } from '../src/errors.js';
import type { GPT2Config } from '../src/nn/gpt2-config.js';
import { readState, stateFileName } from '../src/train/run-state.js';
import { emulatorFolder, emulatorFolderOfCuda12 } from './cuda-emulator/build.js';
import { keepCompiledKernels } from './cuda-emulator/device.js';
import { repositoryRoot } from './repository.js';
import {
  chatbotTrain,
  makeTinyCorpus,
  makeTinyModel,
  scratchFolder,
  startChatbotTrain,
  tinyConfig,
} from './tiny-run.js';

const root = scratchFolder('cuda-runs');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'));
/** Heads of 20 channels, an odd inner width and vocabulary, and untied embeddings. */
const oddConfig: GPT2Config = { ...tinyConfig, nEmbd: 40, nInner: 51, tieWordEmbeddings: false };
const odd = makeTinyModel(join(root, 'odd'), oddConfig);

before(() => {
  process.env.CHATBOT_TRAIN_CUDA_LIBRARIES = emulatorFolder();
});
after(() => {
  delete process.env.CHATBOT_TRAIN_CUDA_LIBRARIES;
});

const onCuda = (precision: string) => ['--device', 'cuda', '--precision', precision];
const short = ['--data', data, '--max-length', '64', '--batch-size', '2', '--logging-steps', '1'];

/** The command's JSON output. */
async function trained(words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await chatbotTrain([...words, '--json', '--quiet']);
  assert.equal(code, ExitCode.ok, stderr);
  return JSON.parse(stdout);
}

test('the quickstart, cut to a few steps, in bf16: the loss falls, within the planned memory', async () => {
  const words = ['--config', join(repositoryRoot, 'configs/quickstart.yaml'), ...onCuda('bf16')];
  words.push('--data', join(repositoryRoot, 'data'), '--output-dir', join(root, 'quickstart'));
  words.push('--max-steps', '3', '--max-length', '32', '--eval-ratio', '0.002', '--eval-replies', '2');
  const plan = await trained([...words, '--dry-run']);
  const summary = await trained(words);
  assert.equal(summary.precision, 'bf16');
  assert.equal(summary.steps, 3);
  // An untrained model has a loss of ln 4096, which is 8.32.
  assert.ok(Number(summary.eval_loss) < 8.3, `${summary.eval_loss}`);
  const taken = Number(summary.peak_memory_bytes) / Number(plan.memory_bytes);
  assert.ok(Math.abs(taken - 1) < 0.03, `${taken} of the plan`);
});

describe('an interrupted and resumed run equals an uninterrupted one', () => {
  /** The state of the last checkpoint without its time measurements. */
  const substance = (folder: string, step: number) => {
    const file = (name: string) => readFileSync(join(folder, `checkpoint-${step}`, name));
    const state = readState(join(folder, `checkpoint-${step}`, stateFileName));
    const { lossScale, updates } = state;
    const [weights, moments] = [file('model.safetensors'), file('optimizer.safetensors')];
    return { weights, moments, lossScale, updates };
  };

  for (const precision of ['bf16', 'fp16'])
    test(precision, async () => {
      const words = ['--model', model, ...short, ...onCuda(precision), '--max-steps', '5', '--lr', '1e-3'];
      words.push('--grad-accum', '2', '--eval-ratio', '0');
      const [whole, stopped] = [join(root, `whole-${precision}`), join(root, `stopped-${precision}`)];
      await trained([...words, '--output-dir', whole]);
      const running = startChatbotTrain([...words, '--output-dir', stopped]);
      assert.notEqual(await running.line(/^step 2\//), null);
      running.child.kill('SIGTERM');
      const { code, stderr } = await running.outcome;
      assert.equal(code, 143, stderr);
      await trained([...words, '--output-dir', stopped, '--resume']);
      const last = substance(stopped, 5);
      assert.deepEqual(last, substance(whole, 5));
      assert.deepEqual(last.lossScale, precision === 'fp16' ? { scale: 65_536, updates: 5 } : null);
    });
});

test('a model of odd sizes reaches the same losses in half precision as in float32 on the CPU', async () => {
  const words = ['--model', odd, ...short, '--max-steps', '3', '--lr', '1e-3'];
  const exact = await trained([...words, '--device', 'cpu', '--output-dir', join(root, 'odd-cpu')]);
  for (const [precision, ...flags] of [['bf16'], ['fp16', '--gradient-checkpointing']] as const) {
    const output = ['--output-dir', join(root, `odd-${precision}`)];
    const { eval_loss } = await trained([...words, ...onCuda(precision), ...flags, ...output]);
    assert.ok(Math.abs(Number(eval_loss) / Number(exact.eval_loss) - 1) < 2e-3, `${precision}: ${eval_loss}`);
  }
});

test('a resumed run computes its products as before, though the cache is empty and another way is faster', async () => {
  // Wide enough for its products to be measured.
  const wide = makeTinyModel(join(root, 'wide'), { ...tinyConfig, nEmbd: 256, nLayer: 1, nInner: 1024 });
  const words = ['--model', wide, ...short, ...onCuda('bf16'), '--eval-ratio', '0', '--save-steps', '2'];
  const run = async (folder: string, steps: number, cache: string, fastest: string, ...more: string[]) => {
    const env = {
      XDG_CACHE_HOME: cache,
      CUDA_EMULATOR_TIMES_PLAIN: fastest,
      CUDA_EMULATOR_TIMES_FUSED: fastest,
    };
    Object.assign(process.env, env);
    const output = ['--output-dir', join(root, folder), '--max-steps', `${steps}`, ...more];
    const { code, stderr } = await chatbotTrain([...words, '--lr-scheduler-type', 'constant', ...output]);
    assert.equal(code, ExitCode.ok, stderr);
    const file = (name: string) => readFileSync(join(root, folder, `checkpoint-${steps}`, name));
    const { measuredChoices } = readState(join(root, folder, `checkpoint-${steps}`, stateFileName));
    return { weights: file('model.safetensors'), measuredChoices, stderr };
  };
  const caches = [1, 2, 3].map((number) => join(root, `cache-${number}`));
  for (const cache of caches) keepCompiledKernels(cache);
  const [first = '', second = '', third = ''] = caches;
  const usual = { ...process.env };
  try {
    const whole = await run('chosen', 4, first, '30,30,10');
    assert.ok(Object.values(whole.measuredChoices?.chosen ?? {}).some((choice) => / 102\./.test(choice)));
    await run('resumed', 2, first, '30,30,10');
    const resumed = await run('resumed', 4, second, '10,30,30', '--resume');
    assert.deepEqual(resumed.measuredChoices, whole.measuredChoices);
    assert.deepEqual(resumed.weights, whole.weights);
    const other = await run('other', 4, third, '10,30,30');
    assert.notDeepEqual(other.weights, whole.weights, 'the choices decide the bits');
    process.env.CUDA_EMULATOR_COMPUTE_CAPABILITY = '8.0';
    const moved = await run('resumed', 5, second, '10,30,30', '--resume');
    assert.match(
      moved.stderr,
      /results round differently .* that was on CUDA emulator \(9\.0, .*, and this is CUDA emulator \(8\.0/,
    );
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in usual)) delete process.env[name];
    Object.assign(process.env, usual);
  }
});

test('a card of compute capability 7.0 trains in fp16 with the libraries of CUDA 12', () => {
  const output = join(root, 'volta');
  const words = ['--model', model, ...short, '--device', 'cuda', '--max-steps', '2', '--eval-ratio', '0'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repositoryRoot, 'dist/src/cli/main.js'), ...words, '--output-dir', output, '--json'],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolderOfCuda12(),
        CUDA_EMULATOR_NVRTC_VERSION: '12.4',
        CUDA_EMULATOR_COMPUTE_CAPABILITY: '7.0',
      },
    },
  );
  assert.equal(status, ExitCode.ok, stderr);
  const { precision, device }: { precision: string; device: string } = JSON.parse(stdout);
  assert.equal(precision, 'fp16');
  assert.match(device, /compute capability 7\.0, CUDA 12\.4$/);
});

describe('replies on the GPU equal those on the CPU', () => {
  /** @returns every reply with its score, the best first */
  const replies = (device: string, words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(repositoryRoot, 'dist/src/cli/chat/main.js'),
        ...['--prompt', 'hello there', '--max-new-tokens', '8', '--json'],
        ...['--device', device, '--precision', 'fp32', ...words],
      ],
      { encoding: 'utf8' },
    );
    assert.equal(status, ExitCode.ok, stderr);
    const { reply, candidates = [] }: { reply: string; candidates?: { reply: string; score: number }[] } =
      JSON.parse(stdout);
    const texts = [reply, ...candidates.map((candidate) => candidate.reply)];
    return { texts, scores: candidates.map(({ score }) => score) };
  };
  const reverse = join(root, 'reverse');
  before(() =>
    trained(
      ['--model', model, ...short, ...onCuda('bf16'), '--max-steps', '2', '--reverse'].concat(
        '--output-dir',
        reverse,
      ),
    ),
  );

  for (const [name, words] of [
    ['greedy', [odd, '--greedy']],
    ['of beams', [model, '--num-beams', '3']],
    ['the most likely of several', [odd, '--candidates', '4']],
    ['ranked by a reversed model', [model, '--candidates', '3', '--mmi', reverse]],
  ] as const)
    test(name, () => {
      const [gpu, cpu] = [replies('cuda', words), replies('cpu', words)];
      assert.deepEqual(gpu.texts, cpu.texts);
      gpu.scores.forEach((score, at) => {
        assert.ok(Math.abs(score - Number(cpu.scores[at])) < 1e-5, `${score} and ${cpu.scores[at]}`);
      });
    });
});
