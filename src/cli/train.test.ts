import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { RunOptions } from '../config/output-folder.js';
import type { TrainOption } from '../config/train-options.js';
import { UserError } from '../errors.js';
import type { TrainingSummary } from '../train/events.js';
import type { RunPlan } from '../train/plan.js';
import { type StartRun, trainCommand } from './train.js';

// What the tests themselves were started with does not matter here.
delete process.env._;

const plan: RunPlan = {
  model: 'tiny',
  parameters: 1_234_567,
  device: 'a processor, 2 threads',
  precision: 'fp32',
  dialogues: 300,
  evalDialogues: 33,
  assistantDialogues: 300,
  dialoguesThatLostTurns: 2,
  cutReplies: 1,
  lostTokens: 345,
  lostShare: 0.02,
  droppedDialogues: 0,
  tokens: 12_000,
  supervisedTokens: 7000,
  sequences: 50,
  maxLength: 256,
  epochs: 3,
  totalSteps: 21,
  firstStep: 0,
  memory: new Map([
    ['weights', 112e6],
    ['activations', 400e6],
  ]),
  availableMemoryBytes: 8e9,
  disk: { checkpoints: 2, checkpointBytes: 120e6, bytes: 280e6, freeBytes: 9e9 },
  outputDir: 'results/mine',
  lossOn: 'auto',
  reverse: false,
};

const summary: TrainingSummary = {
  steps: 21,
  epochs: 3,
  trainLoss: 2.5,
  startingEvalLoss: 9.25,
  evalLoss: 3.25,
  bestEvalLoss: 3,
  bestStep: 14,
  savedStep: 14,
  perplexity: 25.79,
  exactMatch: { trained: null, heldOut: null },
  tokensPerSecond: 1500,
  supervisedTokensPerSecond: 900,
  peakMemoryBytes: 480e6,
  device: 'cpu',
  precision: 'fp32',
  outputDir: 'results/mine',
  stoppedEarly: true,
  seconds: 61.5,
};

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function train(values: Partial<Record<TrainOption, unknown>>, startRun: StartRun = finishing) {
  const flags = new Map(
    Object.entries({ data: ['chats/'], outputDir: 'results/mine', ...values }).map(([key, value]) => [
      key as TrainOption,
      { value, where: 'on the command line' },
    ]),
  );
  const stdout = new Sink();
  const stderr = new Sink();
  const exitCode = await trainCommand(flags, startRun, { stdout, stderr });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

const finishing: StartRun = async (_, watcher) => {
  watcher.plan(plan);
  return summary;
};

test('the run gets complete options and its result is printed on stdout', async () => {
  let seen: RunOptions | undefined;
  const { exitCode, stdout, stderr } = await train({ seed: 5 }, async (options, watcher) => {
    seen = options;
    watcher.plan(plan);
    return summary;
  });
  assert.equal(exitCode, 0);
  assert.equal(seen?.seed, 5);
  assert.equal(seen?.learningRate, 5e-5);
  assert.equal(seen?.outputDir, 'results/mine');
  assert.match(stderr, /^model +tiny, 1,234,567 parameters$/m);
  assert.match(stderr, /^memory +512 MB of 8\.0 GB available \(activations 400 MB, weights 112 MB\)$/m);
  assert.match(
    stdout,
    /Best evaluation loss 3\.000 \(perplexity 20\.09\), from 9\.250 at the start, reached at step 14; this is the model saved\.$/m,
  );
  assert.match(stdout, /from_pretrained\("results\/mine"\)/);
});

test('--json prints one line with the documented keys and nothing else on stdout', async () => {
  const { stdout, stderr } = await train({ json: true });
  assert.equal(stdout.split('\n').length, 2);
  assert.deepEqual(JSON.parse(stdout), {
    steps: 21,
    epochs: 3,
    train_loss: 2.5,
    eval_loss: 3.25,
    best_eval_loss: 3,
    best_step: 14,
    saved_step: 14,
    perplexity: 25.79,
    tokens_per_second: 1500,
    supervised_tokens_per_second: 900,
    peak_memory_bytes: 480e6,
    device: 'cpu',
    precision: 'fp32',
    output_dir: 'results/mine',
    stopped_early: true,
    seconds: 61.5,
  });
  assert.match(stderr, /Trained 21 steps/);
});

test('--quiet prints nothing, with --json the one line', async () => {
  assert.deepEqual(await train({ quiet: true }), { exitCode: 0, stdout: '', stderr: '' });
  const { stdout, stderr } = await train({ quiet: true, json: true });
  assert.equal(stdout.split('\n').length, 2);
  assert.equal(stderr, '');
});

test('the plan says what is learned, also where dialogues differ', async () => {
  const learns = async (changes: Partial<RunPlan>) => {
    const dry: StartRun = async (_, watcher) => {
      watcher.plan({ ...plan, ...changes });
      return null;
    };
    return /^learns +(.*)$/m.exec((await train({ dryRun: true }, dry)).stdout)?.[1];
  };
  assert.equal(await learns({}), 'what the assistant says');
  assert.equal(await learns({ assistantDialogues: 0 }), 'every turn after the first');
  assert.equal(
    await learns({ assistantDialogues: 100 }),
    'what the assistant says in 100 dialogues, every turn after the first in 200 without roles',
  );
  assert.equal(await learns({ lossOn: 'last' }), 'the last turn');
});

test('a dry run prints its plan on stdout', async () => {
  const dry: StartRun = async (_, watcher) => {
    watcher.plan(plan);
    return null;
  };
  const { exitCode, stdout, stderr } = await train({ dryRun: true }, dry);
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  assert.match(
    stdout,
    /^too long +2 dialogues lost their oldest turns, 1 replies were cut, 345 tokens lost in total$/m,
  );
  const json: unknown = JSON.parse((await train({ dryRun: true, json: true }, dry)).stdout);
  assert.ok(typeof json === 'object' && json !== null && 'memory_bytes' in json);
  assert.equal(json.memory_bytes, 512e6);
});

test('--fail-above-eval-loss judges the best loss', async () => {
  assert.equal((await train({ failAboveEvalLoss: 3 })).exitCode, 0);
  const { exitCode, stdout, stderr } = await train({ failAboveEvalLoss: 2.9, quiet: true, json: true });
  assert.equal(exitCode, 1);
  assert.equal(stderr, 'error: the evaluation loss is 3.000, above the 2.9 of --fail-above-eval-loss\n');
  assert.equal(stdout.split('\n').length, 2, 'the result is printed all the same');
});

test('the last model is judged and named where --no-load-best-model-at-end keeps it', async () => {
  const last: StartRun = async () => ({ ...summary, savedStep: 21 });
  const { exitCode, stdout } = await train({ loadBestModelAtEnd: false, failAboveEvalLoss: 3.1 }, last);
  assert.equal(exitCode, 1);
  assert.match(stdout, /the saved model is the last one, from step 21 with evaluation loss 3\.250\.$/m);
});

test('--fail-above-eval-loss fails where the loss is not a number', async () => {
  const lost = { ...summary, evalLoss: Number.NaN, bestEvalLoss: null };
  assert.equal((await train({ failAboveEvalLoss: 9 }, async () => lost)).exitCode, 1);
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  test(`${signal} is told to the run, which ends with ${expected}`, async () => {
    const listeners = process.listenerCount(signal);
    const { exitCode, stdout, stderr } = await train({}, async (_, watcher) => {
      // Before the plan there is nothing to save, and signals do what they do to any process.
      assert.equal(process.listenerCount(signal), listeners);
      watcher.plan(plan);
      assert.equal(watcher.shouldStop(), false);
      process.emit(signal);
      assert.equal(watcher.shouldStop(), true);
      return summary;
    });
    assert.equal(exitCode, expected);
    assert.match(
      stdout,
      /The same command with --output-dir results\/mine --resume continues from there\.\n$/,
    );
    assert.match(stderr, new RegExp(`note: ${signal}: saving and stopping after this step`));
    assert.equal(process.listenerCount(signal), listeners);
  });

test('what the run throws passes on, and signals are left alone again', async () => {
  const listeners = process.listenerCount('SIGINT');
  const broken: StartRun = async () => {
    throw new UserError('corpus-unreadable', 'chats.json:3 is not JSON');
  };
  await assert.rejects(train({}, broken), /chats.json:3/);
  assert.equal(process.listenerCount('SIGINT'), listeners);
});

test('options without effect are noted', async () => {
  const { stderr } = await train({ maxSteps: 5, numTrainEpochs: 2 });
  assert.match(
    stderr,
    /^note: --num-train-epochs has no effect, because --max-steps decides the length of the run/,
  );
});
