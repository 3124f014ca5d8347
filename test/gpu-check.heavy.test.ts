// The check of a real GPU as a person starts it, on the emulated card: what it runs, what it reports, how it ends.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Report } from '../bench/gpu-check/report.js';
import { repositoryRoot } from './repository.js';
import { scratchFolder } from './tiny-run.js';

const folder = scratchFolder('gpu-check');
const output = (name: string) => join(folder, 'results', `${name}.json`);

function start(env: NodeJS.ProcessEnv, ...flags: readonly string[]) {
  return spawnSync(process.execPath, [join(repositoryRoot, 'scripts/gpu-check.mjs'), ...flags], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

/** On the emulator, which --smoke finds by itself. */
const gpuCheck = (...flags: readonly string[]) =>
  start({ CHATBOT_TRAIN_CUDA_LIBRARIES: '' }, '--smoke', ...flags);
const report = (name: string): Report => JSON.parse(readFileSync(output(name), 'utf8'));
const partsOf = ({ outcomes }: Report) => [...new Set(outcomes.map(({ part }) => part))];

/** Runs a visit, in which every step must pass unless the emulator cannot offer it. */
function visit(number: 1 | 2 | 3): string {
  const name = `visit-${number}`;
  const { status, stdout, stderr } = gpuCheck('--visit', String(number), '--output', output(name));
  assert.equal(status, 0, stderr);
  const { outcomes, finishedAt, card, findings } = report(name);
  assert.equal(card, 'CUDA emulator');
  assert.ok(finishedAt !== null);
  assert.deepEqual(findings, [], 'an emulated card measures nothing');
  for (const { name, part, status: came, words } of outcomes) {
    const lacking = part === 'peers' || /^dialogues/.test(name);
    assert.equal(came, lacking ? 'not offered' : 'passed', `${name}: ${words}`);
  }
  assert.match(stderr, new RegExp(`^written: .*${name}\\.json$`, 'm'));
  return stdout;
}

describe('gpu-check', () => {
  test('without a GPU ends with 5 and a sentence, and leaves no report', () => {
    const { status, stdout, stderr } = start(
      { CHATBOT_TRAIN_CUDA_LIBRARIES: folder },
      ...['--smoke', '--output', output('absent')],
    );
    assert.equal(status, 5);
    assert.match(stderr, /^error: .*no NVIDIA driver is found.*\.$/m);
    assert.equal(stdout, '');
    assert.equal(existsSync(output('absent')), false);
  });

  test('refuses a part that it does not know', () => {
    const { status, stderr } = gpuCheck('--only', 'conformance,benchmark');
    assert.equal(status, 2);
    assert.match(stderr, /^error: --only: there is no part "benchmark"; the parts are environment, /m);
  });

  test('out of time, tells what it did not come to', () => {
    const { status } = gpuCheck(
      '--only',
      'conformance,bench',
      '--minutes',
      '0.0001',
      '--output',
      output('late'),
    );
    assert.equal(status, 1);
    assert.equal(existsSync(output('late')), false, 'the environment itself had no time');
  });

  test('the first visit is about correctness', { timeout: 120_000 }, () => {
    const stdout = visit(1);
    assert.deepEqual(partsOf(report('visit-1')), ['environment', 'conformance', 'goldens']);
    assert.match(stdout, /^\| second \| [\d.]+ \| [\d.]+ \|$/m, 'the card was opened twice');
  });

  test('the second visit runs the quickstart and measures without peers', { timeout: 240_000 }, () => {
    const stdout = visit(2);
    assert.deepEqual(partsOf(report('visit-2')), ['environment', 'run', 'bench']);
    for (const title of ['Every operation', 'A training step', 'A decoded token', 'Every measured way'])
      assert.match(stdout, new RegExp(`^### ${title}`, 'm'));
    assert.match(stdout, /^\| attentionBackward \| with dropout \| .* \| [\d.]+ \| \d+ \| [\d.]+ \|$/m);
    assert.match(stdout, /^\| with graphs \| .* \| step 128 128: \d+, update: \d+ \|$/m);
    assert.match(stdout, /^\| [0-9a-f]{64} \| \d+ \| [\d.]+ \|$/m, 'a hash of the gradients');
  });

  test('the third visit measures ours beside the peers', { timeout: 120_000 }, () => {
    visit(3);
    assert.deepEqual(partsOf(report('visit-3')), ['environment', 'bench', 'peers']);
  });

  test('the reports of the visits make one', () => {
    const { status, stdout, stderr } = start(
      {},
      ...['--merge', output('visit-1'), output('visit-2'), output('visit-3'), '--output', output('all')],
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(partsOf(report('all')), [
      'environment',
      'conformance',
      'goldens',
      'run',
      'bench',
      'peers',
    ]);
    assert.match(stdout, /^\| goldens \| .* \| passed \|/m);
    assert.match(stdout, /^### Every operation/m);
  });

  test('a later check of another part adds to the report', { timeout: 120_000 }, () => {
    const before = report('visit-3').outcomes.length;
    const { status, stderr } = gpuCheck('--only', 'goldens', '--output', output('visit-3'));
    assert.equal(status, 0, stderr);
    const { outcomes } = report('visit-3');
    assert.deepEqual(
      outcomes.slice(0, 4).map(({ part }) => part),
      ['environment', 'goldens', 'goldens', 'bench'],
    );
    assert.equal(outcomes.length, before + 2);
  });
});
