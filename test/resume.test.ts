// A run that was stopped and went on is the run that was never stopped: the same weights, moments, state and losses,
// bit for bit. And what --resume says where it cannot go on.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chatbotTrain, makeTinyCorpus, makeTinyModel, scratchFolder, startChatbotTrain } from './tiny-run.js';

const root = scratchFolder('resume');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'), 400);

/** 27 steps of 2 micro-batches, with dropout (the model's), logged in threes so that a stop falls between two logs. */
const words = [
  ...['--model', model, '--data', data, '--max-length', '64', '--batch-size', '4', '--grad-accum', '2'],
  ...['--lr', '1e-3', '--logging-steps', '3', '--eval-steps', '10', '--save-steps', '7', '--threads', '2'],
];
const until = (steps: number, folder: string) => [
  ...words,
  '--max-steps',
  String(steps),
  '--output-dir',
  folder,
];

/** Everything in a run's folder that does not measure time, to be compared. */
function substance(folder: string) {
  const checkpoints = readdirSync(folder).filter((name) => name.startsWith('checkpoint-'));
  const newest = checkpoints.sort((a, b) => Number(a.slice(11)) - Number(b.slice(11))).at(-1) ?? '';
  const state: Record<string, unknown> = JSON.parse(
    readFileSync(join(folder, newest, 'trainer_state.json'), 'utf8'),
  );
  const metrics = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
  const timeless = (record: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(record).filter(([key]) => !/seconds|per_second/.test(key) || key === 'evaluated_step'),
    );
  return {
    newest,
    model: readFileSync(join(folder, 'model.safetensors')),
    newestModel: readFileSync(join(folder, newest, 'model.safetensors')),
    optimizer: readFileSync(join(folder, newest, 'optimizer.safetensors')),
    state: timeless(state),
    metrics: metrics.map(timeless),
  };
}

/** Names, sizes and times of change of all files: what shows that nothing was written. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

const whole = join(root, 'whole');

test('a run without interruption', () => {
  const { code, stderr } = chatbotTrain(until(27, whole));
  assert.equal(code, 0, stderr);
  assert.equal(substance(whole).newest, 'checkpoint-27');
});

for (const [signal, exitCode, moment] of [
  ['SIGINT', 130, /^step 6\//],
  ['SIGTERM', 143, /^step 9\//],
] as const)
  test(`${signal} saves and exits ${exitCode}, and --resume ends with the bits of a run without interruption`, async () => {
    const folder = join(root, signal);
    const running = startChatbotTrain(until(27, folder));
    assert.notEqual(await running.line(moment), null);
    running.child.kill(signal);
    const { code, stderr, stdout } = await running.outcome;
    assert.equal(code, exitCode, stderr);
    assert.match(stdout, /^Stopped after step \d+, saved in .*SIG/m);
    assert.match(stdout, /--resume goes on from there/);
    assert.doesNotMatch(
      readdirSync(folder).join(),
      /model\.safetensors/,
      'an unfinished model is not published',
    );
    const stopped = Number(/Stopped after step (\d+)/.exec(stdout)?.[1]);
    assert.ok(stopped >= 6 && stopped < 27, `stopped at ${stopped}`);
    assert.ok(readdirSync(folder).includes(`checkpoint-${stopped}`));

    const resumed = chatbotTrain([...until(27, folder), '--resume']);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, new RegExp(`going on after step ${stopped}$`, 'm'));
    assert.deepEqual(substance(folder), substance(whole));
  });

test('interrupted twice, the second time during an evaluation or step of the resumed run', async () => {
  const folder = join(root, 'twice');
  for (const moment of [/^step 3\//, /^evaluation at step 20/]) {
    const running = startChatbotTrain([...until(27, folder), '--resume']);
    assert.notEqual(await running.line(moment), null);
    running.child.kill('SIGTERM');
    const { code, stderr } = await running.outcome;
    assert.equal(code, 143, stderr);
  }
  const resumed = chatbotTrain([...until(27, folder), '--resume']);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.deepEqual(substance(folder), substance(whole));
});

test('going back to an older checkpoint by name repeats what came after it', () => {
  const folder = join(root, 'whole');
  const before = substance(folder);
  const { code, stderr } = chatbotTrain([...until(27, folder), '--resume', join(folder, 'checkpoint-14')]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /going on after step 14$/m);
  assert.deepEqual(substance(folder), before);
});

test('a run that was to be short goes on to be long', () => {
  // Every run logs its last step: the short one's is also one of the long one's.
  const constant = ['--lr-scheduler-type', 'constant', '--logging-steps', '5'];
  const long = join(root, 'long');
  assert.equal(chatbotTrain([...until(20, long), ...constant]).code, 0);
  const short = join(root, 'short');
  assert.equal(chatbotTrain([...until(10, short), ...constant]).code, 0);
  const { code, stderr } = chatbotTrain([...until(20, short), ...constant, '--resume']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(substance(short), substance(long));
});

test('--resume of a finished run trains nothing and leaves its numbers as they are', () => {
  const before = substance(whole);
  const { code, stderr, stdout } = chatbotTrain([...until(27, whole), '--resume']);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /^step /m);
  assert.match(stdout, /^Trained 27 steps/m);
  assert.deepEqual(substance(whole), before);
});

test('--resume where there is nothing yet starts from the beginning and says so', () => {
  const folder = join(root, 'fresh');
  const { code, stderr } = chatbotTrain([...until(2, folder), '--resume']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^note: .*fresh holds no checkpoint yet: starting from the beginning$/m);
});

test('--resume FOLDER without a checkpoint is refused', () => {
  const folder = join(root, 'none');
  const { code, stderr, stdout } = chatbotTrain([...until(2, folder), '--resume', join(root, 'model')]);
  assert.equal(stderr, `error: --resume: ${join(root, 'model')} holds no checkpoint; check the path\n`);
  assert.equal(stdout, '');
  assert.equal(code, 2);
  assert.ok(!readdirSync(root).includes('none'));
});

const otherData = makeTinyCorpus(join(root, 'other.json'), 90);
for (const [what, flags] of [
  ['data', ['--data', otherData]],
  ['a seed', ['--seed', '7']],
  ['rows a batch', ['--batch-size', '2']],
] as const)
  test(`a run is not resumed with other ${what}, and stays as it is`, () => {
    const without = what === 'data' ? words.filter((word) => word !== '--data' && word !== data) : words;
    const before = listing(whole);
    const { code, stderr } = chatbotTrain([
      ...without,
      ...['--max-steps', '50', '--output-dir', whole, '--resume'],
      ...flags,
    ]);
    assert.match(stderr, /^error: .*whole was trained on other data, or with another --seed, .*\n$/);
    assert.equal(code, 2);
    assert.deepEqual(listing(whole), before);
  });

for (const [what, file, damage] of [
  ['a checkpoint cut short', 'optimizer.safetensors', (path: string) => truncateSync(path, 5000)],
  [
    'a state that is no JSON',
    'trainer_state.json',
    (path: string) => writeFileSync(path, '{"global_step": 3'),
  ],
  [
    'a state of another program',
    'trainer_state.json',
    (path: string) => writeFileSync(path, '{"log_history": []}'),
  ],
] as const)
  test(`${what} is refused with its reason`, () => {
    const folder = join(root, `damaged-${file}-${what.length}`);
    assert.equal(chatbotTrain(until(2, folder)).code, 0);
    const path = join(folder, 'checkpoint-2', file);
    damage(path);
    const before = listing(folder);
    const { code, stderr } = chatbotTrain([...until(4, folder), '--quiet', '--resume']);
    assert.match(stderr, /^error: .*\n$/);
    assert.ok(stderr.includes(path), stderr);
    assert.equal(code, 4);
    assert.deepEqual(listing(folder), before);
  });
