// For tests: runs that are killed without warning while they save after every step. What was saved stays whole, the run
// continues from it, and what the dead process left half-written is removed.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../src/random.js';
import { checkpointFolder, checkpointSteps } from '../src/train/checkpoint.js';
import { readMetrics } from '../src/train/metrics.js';
import { readState } from '../src/train/run-state.js';
import { openModelFolder } from '../src/weights/model-folder.js';
import { openSafetensors } from '../src/weights/safetensors.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder, startChatbotTrain, tinyConfig } from './tiny-run.js';

const root = scratchFolder('kill');
const model = makeTinyModel(join(root, 'model'), { ...tinyConfig, nLayer: 1 });
const data = makeTinyCorpus(join(root, 'chats.json'));

const command = (folder: string, maxSteps: number) => [
  ...['--model', model, '--data', data, '--output-dir', folder, '--max-length', '32', '--batch-size', '4'],
  ...[
    '--max-steps',
    String(maxSteps),
    '--lr-scheduler-type',
    'constant',
    '--eval-ratio',
    '0',
    '--threads',
    '1',
  ],
  ...['--save-steps', '1', '--save-total-limit', '3', '--logging-steps', '1', '--resume'],
];

/** Opens everything that going on from the checkpoint would read. */
function assertLoadable(checkpoint: string, step: number) {
  const opened = openModelFolder(checkpoint);
  for (const name of opened.names)
    assert.ok(opened.read(name).every(Number.isFinite), `${checkpoint}: ${name}`);
  const state = readState(join(checkpoint, 'trainer_state.json'));
  assert.equal(state.globalStep, step);
  const optimizer = openSafetensors(join(checkpoint, 'optimizer.safetensors'));
  for (const name of optimizer.tensors.keys()) optimizer.read(name);
  assert.equal(optimizer.tensors.size, 2 * opened.names.length);
}

/** Trains until some checkpoints were announced, and a little longer. @returns the last step that was announced. */
async function trainAndKill(folder: string, random: Random): Promise<number> {
  const running = startChatbotTrain(command(folder, 100_000));
  let announced = 0;
  for (let saves = 1 + (random.next() % 2); saves > 0; saves--) {
    const line = await running.line(/^checkpoint at step /);
    if (line === null) assert.fail((await running.outcome).stderr);
    announced = Number(/step (\d+)/.exec(line)?.[1]);
  }
  // Nearly all its time goes into saving, some milliseconds each: the kill falls anywhere within.
  await new Promise((resolve) => setTimeout(resolve, random.next() % 12));
  running.child.kill('SIGKILL');
  await running.outcome;
  return announced;
}

async function killRepeatedly(folder: string, kills: number, random: Random): Promise<number> {
  let reached = 0;
  for (let kill = 0; kill < kills; kill++) {
    const announced = await trainAndKill(folder, random);
    const steps = checkpointSteps(folder);
    const newest = steps.at(-1) ?? 0;
    assert.ok(newest >= announced, `kill ${kill}: ${announced} was announced, ${newest} is the newest`);
    assert.ok(newest > reached, `kill ${kill}: no progress since ${reached}`);
    reached = newest;
    for (const step of steps) assertLoadable(checkpointFolder(folder, step), step);
  }
  return reached;
}

/** Kills a run `kills` times at random instants, then lets it end. */
export async function assertNothingIsLost(kills: number, seed: number): Promise<void> {
  const folder = join(root, `run-${seed}`);
  mkdirSync(join(folder, 'mine'), { recursive: true });
  writeFileSync(join(folder, 'mine', 'notes.txt'), 'keep me');
  const reached = await killRepeatedly(folder, kills, new Random(11, seed));
  // As a kill in the middle of saving or of deleting a checkpoint leaves them; no process has this id.
  for (const purpose of ['saving', 'deleting']) {
    const stale = join(folder, `.checkpoint-1.${purpose}-4194999-0123abcd`);
    mkdirSync(stale);
    writeFileSync(join(stale, 'model.safetensors'), 'half');
  }

  const { code, stderr } = await startChatbotTrain(command(folder, reached + 1)).outcome;
  assert.equal(code, 0, stderr);
  const steps = checkpointSteps(folder);
  assert.equal(steps.at(-1), reached + 1);
  assert.ok(steps.length <= 3);
  assert.ok(existsSync(join(folder, 'model.safetensors')));
  const hidden = readdirSync(folder).filter((name) => name.startsWith('.'));
  assert.deepEqual(hidden, [], 'nothing half-written is left');
  assert.equal(readFileSync(join(folder, 'mine', 'notes.txt'), 'utf8'), 'keep me');
  const { length } = readMetrics(join(folder, 'metrics.jsonl'));
  assert.equal(length, reached + 1, 'every step is in the diary once');
}
