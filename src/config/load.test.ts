import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { flagMessageOf, withFlags } from '../cli/flag-names.js';
import { UserError } from '../errors.js';
import { loadOptions } from './load.js';
import type { GivenOptions } from './schema.js';
import type { TrainOption } from './train-options.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-'));
});
after(() => rm(folder, { recursive: true }));

const flags = (values: Partial<Record<TrainOption, unknown>>): GivenOptions<TrainOption> =>
  new Map(
    Object.entries({ data: ['chats/'], ...values }).map(([key, value]) => [
      key as TrainOption,
      { value, where: 'on the command line' },
    ]),
  );

test('flags win over the file, the file over the defaults', async () => {
  const config = join(folder, 'run.yaml');
  await writeFile(config, 'data: other/\nseed: 1\nsave-steps: 10\nno-packing: true\n');
  const { options } = await loadOptions(flags({ config, seed: 2, packing: true }));
  assert.deepEqual(options.data, ['chats/']);
  assert.equal(options.seed, 2);
  assert.equal(options.saveSteps, 10);
  assert.equal(options.packing, true);
  assert.equal(options.learningRate, 5e-5);
});

test('a flag that turns evaluation off overrides the evaluation interval in the file', async () => {
  const config = join(folder, 'evaluated.yaml');
  await writeFile(config, 'eval-steps: 5\n');
  assert.equal((await loadOptions(flags({ config, evalRatio: 0 }))).options.evalRatio, 0);
});

test('a bad value in the file does not matter where a flag replaces it', async () => {
  const config = join(folder, 'bad.yaml');
  await writeFile(config, 'seed: none\n');
  assert.equal((await loadOptions(flags({ config, seed: 3 }))).options.seed, 3);
});

const contradictions: readonly (readonly [Partial<Record<TrainOption, unknown>>, RegExp])[] = [
  [{ data: [] }, /no conversations to train on; name files or folders, for example --data data\//],
  [{ evalRatio: 0, evalSteps: 5 }, /--eval-steps needs an evaluation set, but --eval-ratio is 0/],
  [{ evalRatio: 0, failAboveEvalLoss: 3 }, /--fail-above-eval-loss needs an evaluation set/],
  [{ evalRatio: 0, failAboveEvalLoss: 0 }, /--fail-above-eval-loss needs an evaluation set/],
  [{ warmupSteps: 1.5 }, /--warmup-steps is 1.5, but must be a whole number of steps or, below 1, a share/],
  [{ resume: true }, /--resume needs a folder/],
];
for (const [values, message] of contradictions)
  test(`contradiction refused: ${JSON.stringify(values)}`, async () => {
    await assert.rejects(
      loadOptions(flags(values)),
      (error) => error instanceof UserError && error.exitCode === 2 && message.test(flagMessageOf(error)),
    );
  });

test('what only the defaults say of evaluation is no contradiction', async () => {
  const { notes } = await loadOptions(flags({ evalRatio: 0 }));
  assert.deepEqual(notes, []);
  await loadOptions(flags({ evalRatio: 0, earlyStoppingPatience: 0 }));
  await loadOptions(flags({ evalRatio: 0, evalData: ['held-out/'], evalSteps: 5 }));
});

const idle: readonly (readonly [Partial<Record<TrainOption, unknown>>, RegExp])[] = [
  [{ maxSteps: 10, numTrainEpochs: 2 }, /--num-train-epochs has no effect/],
  [{ maxSteps: 10, warmupSteps: 20 }, /never reaches --learning-rate/],
  [{ evalData: ['held-out/'], evalRatio: 0.2 }, /--eval-ratio has no effect/],
  [{ evalRatio: 0, earlyStoppingPatience: 2 }, /there are no evaluations/],
  [{ lrSchedulerType: 'constant', warmupSteps: 10 }, /constant_with_warmup/],
];
for (const [values, message] of idle)
  test(`noted as without effect: ${JSON.stringify(values)}`, async () => {
    const { notes } = await loadOptions(flags(values));
    assert.equal(notes.length, 1);
    assert.match(withFlags(String(notes[0])), message);
  });
