// A whole run from the command line and its results: the folder, the numbers on stdout and the exit code.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { openTokenizer } from '../src/tokenizer/open-tokenizer.js';
import { checkpointSteps } from '../src/train/checkpoint.js';
import { openModelFolder } from '../src/weights/model-folder.js';
import { chatbotTrain, makeTinyCorpus, makeTinyModel, type Outcome, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('train');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'));

const words = (output: string, ...more: readonly string[]) => [
  ...['--model', model, '--data', data, '--output-dir', join(root, output), '--threads', '2'],
  // Where they stop early, and their losses, are those of float32.
  ...['--max-length', '64', '--batch-size', '2', '--lr', '3e-3', '--precision', 'fp32', ...more],
];
const train = (output: string, ...more: readonly string[]) => trainHere(words(output, ...more));
/** In a process of its own, as a person starts it. */
const trainApart = (output: string, ...more: readonly string[]) => chatbotTrain(words(output, ...more));

function metrics(output: string): Record<string, unknown>[] {
  return readFileSync(join(root, output, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

const weights = (...place: readonly string[]) => readFileSync(join(root, ...place, 'model.safetensors'));

describe('a run', () => {
  let outcome: Outcome;
  before(async () => {
    outcome = await trainApart('whole', '--epochs', '4', '--json', '--save-total-limit', '2');
  });

  test('succeeds and reports its progress on stderr', () => {
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stderr, /^model {3}.*27,744 parameters$/m);
    assert.match(outcome.stderr, /^data {4}32 dialogues, 4 more for evaluation$/m);
    assert.match(outcome.stderr, /^evaluation at step 0 \(epoch 0\.00\): loss \d/m);
    assert.match(outcome.stderr, /^Trained 24 steps \(4 epochs\)/m);
    assert.doesNotMatch(outcome.stderr, /^error/m);
  });

  test('prints exactly one line of JSON with the results', () => {
    assert.match(outcome.stdout, /^\{[^\n]*\}\n$/);
    const summary: Record<string, unknown> = JSON.parse(outcome.stdout);
    const numbers = [
      ...[
        'steps',
        'epochs',
        'train_loss',
        'eval_loss',
        'train_exact_match',
        'train_questions',
        'eval_exact_match',
        'eval_questions',
        'best_eval_loss',
        'best_step',
        'saved_step',
        'perplexity',
      ],
      ...['tokens_per_second', 'supervised_tokens_per_second', 'peak_memory_bytes', 'seconds'],
    ];
    for (const key of numbers) assert.ok(Number.isFinite(summary[key]), `${key} ${summary[key]}`);
    assert.deepEqual(
      Object.keys(summary).sort(),
      [...numbers, 'device', 'precision', 'output_dir', 'stopped_early'].sort(),
    );
    assert.equal(summary.steps, 24);
    assert.equal(summary.epochs, 4);
    assert.equal(summary.precision, 'fp32');
    assert.equal(summary.stopped_early, false);
    assert.equal(summary.output_dir, join(root, 'whole'));
  });

  test('learns', () => {
    const losses = metrics('whole').flatMap(({ eval_loss }) =>
      typeof eval_loss === 'number' ? [eval_loss] : [],
    );
    assert.equal(losses.length, 5, 'before the first step, and after each epoch');
    assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0) - 1, losses.join());
  });

  test('leaves a model folder, metrics, TensorBoard events and a report', () => {
    const files = readdirSync(join(root, 'whole')).filter((name) => !name.startsWith('checkpoint-'));
    assert.deepEqual(files.sort(), [
      ...['config.json', 'generation_config.json', 'merges.txt', 'metrics.jsonl', 'model.safetensors'],
      ...[
        'report.html',
        'runs',
        'special_tokens_map.json',
        'tokenizer.json',
        'tokenizer_config.json',
        'vocab.json',
      ],
    ]);
    const events = readdirSync(join(root, 'whole', 'runs'));
    assert.equal(events.length, 1);
    assert.match(events[0] ?? '', /^events\.out\.tfevents\.\d+\./);
    const report = readFileSync(join(root, 'whole', 'report.html'), 'utf8');
    assert.match(report, /^<!doctype html>/i);
    assert.match(report, /how are you|what is your name|hello/);
    assert.doesNotMatch(report, /<(script|link|img)[^>]+(src|href)="http/, 'self-contained');
  });

  test('writes one object per line into metrics.jsonl', () => {
    for (const record of metrics('whole')) {
      const keys =
        'eval_loss' in record
          ? ['step', 'epoch', 'eval_loss', 'perplexity']
          : ['step', 'epoch', 'loss', 'learning_rate', 'grad_norm', 'tokens_per_second'];
      for (const key of keys) assert.ok(Number.isFinite(record[key]), `${key} in ${JSON.stringify(record)}`);
    }
    const [first, ...steps] = metrics('whole');
    assert.equal(first?.step, 0);
    assert.ok('eval_loss' in (first ?? {}), 'where it started');
    const logged = steps.filter((record) => 'loss' in record).map(({ step }) => step);
    assert.deepEqual(
      logged,
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
  });

  test('keeps as many checkpoints as allowed, including the newest', () => {
    assert.deepEqual(checkpointSteps(join(root, 'whole')), [18, 24]);
  });

  test('leaves a folder that the next run can start from', async () => {
    const { code, stderr } = await chatbotTrain([
      ...['--model', join(root, 'whole'), '--data', data, '--output-dir', join(root, 'next')],
      ...['--max-steps', '1', '--lr', '1e-9', '--precision', 'fp32'],
    ]);
    assert.equal(code, 0, stderr);
    const ended = metrics('whole').findLast((record) => 'eval_loss' in record);
    assert.equal(metrics('next')[0]?.eval_loss, ended?.eval_loss);
  });
});

test('the same command gives the same bits', async () => {
  assert.equal((await train('once', '--max-steps', '5')).code, 0);
  assert.equal((await trainApart('again', '--max-steps', '5')).code, 0);
  assert.deepEqual(weights('again'), weights('once'));
});

/** Options with which the evaluation loss soon rises. */
const overfitting = [
  '--eval-replies',
  '0',
  '--epochs',
  '60',
  '--lr',
  '2e-2',
  '--eval-steps',
  '5',
  '--dropout',
  '0',
  '--weight-decay',
  '0',
];

describe('early stopping', () => {
  let outcome: Outcome;
  before(async () => {
    outcome = await train(
      'early',
      ...overfitting,
      '--early-stopping-patience',
      '2',
      '--save-total-limit',
      '1',
    );
  });

  test('ends the run and says so', () => {
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /stopped early because the evaluation loss no longer improved/);
  });

  test('happens after the given number of evaluations without improvement', () => {
    const losses = metrics('early').flatMap(({ step, eval_loss }) =>
      typeof eval_loss === 'number' && Number(step) > 0 ? [eval_loss] : [],
    );
    const best = losses.indexOf(Math.min(...losses));
    assert.equal(losses.length - 1 - best, 2, losses.join());
  });

  test('restores the best model at the top, and always keeps its checkpoint and the newest', () => {
    const best = Number(/reached at step (\d+); this is the model saved/.exec(outcome.stdout)?.[1]);
    assert.deepEqual(checkpointSteps(join(root, 'early')), [best, best + 10]);
    assert.deepEqual(weights('early'), weights('early', `checkpoint-${best}`));
    assert.notDeepEqual(weights('early'), weights('early', `checkpoint-${best + 10}`));
  });

  test('leaves the last model at the top where --no-load-best-model-at-end asks for it', async () => {
    const again = ['--early-stopping-patience', '2', '--save-total-limit', '1', '--resume'];
    const { code, stdout, stderr } = await train(
      'early',
      ...overfitting,
      ...again,
      '--no-load-best-model-at-end',
    );
    assert.equal(code, 0, stderr);
    const last = checkpointSteps(join(root, 'early')).at(-1);
    assert.match(stdout, new RegExp(`the saved model is the last one, from step ${last} with`));
    assert.deepEqual(weights('early'), weights('early', `checkpoint-${last}`));
  });

  test('is undone when a run is resumed with more patience', async () => {
    const stopped = checkpointSteps(join(root, 'early')).at(-1) ?? 0;
    const { code, stderr } = await train(
      'early',
      ...overfitting,
      '--early-stopping-patience',
      '3',
      '--resume',
    );
    assert.equal(code, 0, stderr);
    assert.equal(checkpointSteps(join(root, 'early')).at(-1), stopped + 5);
  });

  test('is off with a patience of 0', async () => {
    const { code, stdout } = await train(
      'late',
      ...overfitting,
      '--epochs',
      '8',
      '--early-stopping-patience',
      '0',
    );
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /stopped early/);
  });
});

test('--dry-run prints the plan and writes nothing', async () => {
  const { code, stdout } = await train('dry', '--dry-run');
  assert.equal(code, 0);
  assert.match(stdout, /^tokens {2}[\d,]+ per epoch .*$/m);
  assert.match(stdout, /^steps {3}18 in 3 epochs$/m);
  assert.match(stdout, /^memory .* available \(.*activations.*\)$/m);
  assert.ok(!existsSync(join(root, 'dry')));
});

test('--dry-run --json prints the plan as one line', async () => {
  const { code, stdout } = await train('dry', '--dry-run', '--json');
  assert.equal(code, 0);
  assert.match(stdout, /^\{[^\n]*\}\n$/);
  const plan: Record<string, unknown> = JSON.parse(stdout);
  assert.equal(plan.steps, 18);
  assert.equal(plan.dialogues, 32);
  assert.ok(!existsSync(join(root, 'dry')));
});

test('--quiet leaves stderr and stdout empty', async () => {
  assert.deepEqual(await trainApart('quiet', '--max-steps', '2', '--quiet'), {
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('--fail-above-eval-loss fails a run above the limit and keeps its model', async () => {
  const { code, stderr } = await train(
    'gated',
    '--max-steps',
    '2',
    '--fail-above-eval-loss',
    '0.5',
    '--quiet',
  );
  assert.match(stderr, /^error: the evaluation loss is \d\S*, above the 0\.5 of --fail-above-eval-loss\n$/);
  assert.equal(code, 1);
  assert.ok(existsSync(join(root, 'gated', 'model.safetensors')));
  assert.equal((await train('passed', '--max-steps', '2', '--fail-above-eval-loss', '9')).code, 0);
});

describe('a loss that stays NaN', () => {
  test('ends the run with exit 6 and names the last good checkpoint, which is still there', async () => {
    const good = await train(
      'diverged',
      '--max-steps',
      '4',
      '--save-steps',
      '2',
      '--lr-scheduler-type',
      'constant',
    );
    assert.equal(good.code, 0);
    const checkpoint = join(root, 'diverged', 'checkpoint-4');
    const kept = weights('diverged', 'checkpoint-4');
    const { code, stderr } = await train(
      'diverged',
      ...['--resume', '--max-steps', '40', '--save-steps', '1', '--save-total-limit', '2', '--quiet'],
      ...['--lr', '1e30', '--max-grad-norm', '0', '--lr-scheduler-type', 'constant'],
    );
    assert.match(
      stderr,
      /^error: the loss is NaN or infinite at step \d+, for 3 steps in a row; resume from the last good checkpoint with --resume \S+, or start again, with a lower --learning-rate or more --warmup-steps\n$/,
    );
    assert.equal(code, 6);
    assert.ok(stderr.includes(`--resume ${checkpoint},`), stderr);
    assert.deepEqual(weights('diverged', 'checkpoint-4'), kept);
    const resumed = await train('diverged', '--resume', checkpoint, '--max-steps', '6');
    assert.equal(resumed.code, 0, resumed.stderr);
  });

  test('is reported when the run ends before three broken steps', async () => {
    const { code, stderr } = await train(
      'short',
      '--max-steps',
      '2',
      '--lr',
      '1e30',
      '--max-grad-norm',
      '0',
      '--quiet',
    );
    assert.match(
      stderr,
      /^error: the loss is NaN or infinite at step 2.*there is no earlier good checkpoint; start again/,
    );
    assert.equal(code, 6);
    assert.ok(!existsSync(join(root, 'short', 'model.safetensors')), 'a broken model is not published');
  });
});

describe('options that change what is learned', () => {
  /** Weights are compared, so nothing is evaluated. */
  const briefly = ['--max-steps', '3', '--quiet', '--eval-ratio', '0'];
  const cases: readonly (readonly [name: string, flags: readonly string[]])[] = [
    ['label smoothing', ['--label-smoothing-factor', '0.1']],
    ['weight decay', ['--weight-decay', '0.1']],
    ['every turn', ['--loss-on', 'all']],
    ['no dropout', ['--dropout', '0']],
    ['a cosine schedule with warm-up', ['--lr-scheduler-type', 'cosine', '--warmup-steps', '0.5']],
    ['another beta', ['--adam-beta2', '0.95']],
    ['another seed', ['--seed', '7']],
    ['tighter clipping', ['--max-grad-norm', '0.01', '--adam-epsilon', '1e-4']],
  ];
  const trained = new Map<string, Buffer>();
  before(async () => {
    assert.equal((await train('plain', ...briefly)).code, 0);
    trained.set('none', weights('plain'));
  });
  for (const [name, flags] of cases)
    test(name, async () => {
      const { code, stderr } = await train(`with ${name}`, ...briefly, ...flags);
      assert.equal(code, 0, stderr);
      const result = weights(`with ${name}`);
      for (const [other, bits] of trained) assert.ok(!bits.equals(result), `as with ${other}`);
      trained.set(name, result);
    });

  test('recomputing activations changes nothing', async () => {
    const { code } = await train('recomputed', ...briefly, '--gradient-checkpointing');
    assert.equal(code, 0);
    assert.deepEqual(weights('recomputed'), trained.get('none'));
  });

  test('one thread changes nothing', async () => {
    assert.equal((await train('single', ...briefly, '--threads', '1')).code, 0);
    assert.deepEqual(weights('single'), trained.get('none'));
  });

  test('training works with padding instead of packing', async () => {
    const { code, stderr } = await train('padded', '--max-steps', '3', '--no-packing', '--grad-accum', '2');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /in 32 sequences of 64$/m);
  });

  test('with --eval-data every other dialogue is trained on', async () => {
    const held = makeTinyCorpus(join(root, 'held.json'), 6);
    const { code, stderr } = await train('held', '--max-steps', '2', '--eval-data', held);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^note: 6 dialogues of --data are also in --eval-data; they are used only for evaluation$/m,
    );
    assert.match(stderr, /^data {4}30 dialogues, 6 more for evaluation$/m);
  });

  test('without evaluation the last model is kept', async () => {
    const { code, stderr } = await train('unmeasured', '--max-steps', '3', '--eval-ratio', '0', '--json');
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /^evaluation/m);
    assert.deepEqual(weights('unmeasured'), weights('unmeasured', 'checkpoint-3'));
  });
});

test('a fresh tiny model trains with the first tokens of the vocabulary of GPT-2', async () => {
  const output = join(root, 'preset');
  const { code, stderr } = await trainHere([
    ...['--model', 'tiny', '--data', data, '--output-dir', output, '--max-steps', '1', '--eval-ratio', '0'],
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(openTokenizer(output).vocabularySize, 4096);
});

test('transformers opens what was trained, with the same logits', (t) => {
  const python = process.env.CHATBOT_TRAIN_PYTHON;
  if (python === undefined)
    return t.skip('CHATBOT_TRAIN_PYTHON does not name a Python with torch and transformers');
  const folder = join(root, 'whole');
  const text = 'hello how are you';
  const script = `
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1]).eval()
ids = tokenizer(sys.argv[2]).input_ids + [tokenizer.eos_token_id]
with torch.no_grad(): logits = model(torch.tensor([ids])).logits[0]
print(json.dumps({"ids": ids, "logits": logits.flatten().tolist()}))`;
  const { status, stdout, stderr } = spawnSync(python, ['-c', script, folder, text], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  const theirs: { ids: number[]; logits: number[] } = JSON.parse(stdout);
  const tokenizer = openTokenizer(folder);
  assert.deepEqual([...tokenizer.encode(text), tokenizer.endOfText], theirs.ids);
  const device = createCpuDevice();
  try {
    const opened = openModelFolder(folder);
    const gpt2 = new GPT2(device, opened.config, { trainable: false });
    for (const name of opened.names) gpt2.parameters.load(device, name, opened.read(name));
    const length = theirs.ids.length;
    const ours = new ScoringPass(gpt2, { capacity: length }).logits({
      tokens: Int32Array.from(theirs.ids),
      positions: Int32Array.from(theirs.ids, (_, place) => place),
      segmentStarts: new Int32Array(length),
      segmentEnds: new Int32Array(length).fill(length),
      supervisedRows: Int32Array.of(0),
      targets: Int32Array.of(0),
    });
    const apart = ours.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (theirs.logits[index] ?? Number.NaN))),
      0,
    );
    assert.equal(ours.length, theirs.logits.length);
    assert.ok(apart < 1e-4, `${apart}`);
  } finally {
    device.dispose();
  }
  return undefined;
});
