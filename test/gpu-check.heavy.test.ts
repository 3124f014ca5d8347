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
const output = join(folder, 'results', 'report.json');

/** @param libraries '' for the emulator, which --smoke finds by itself. */
function gpuCheck(libraries: string, ...flags: readonly string[]) {
  return spawnSync(
    process.execPath,
    [join(repositoryRoot, 'scripts/gpu-check.mjs'), '--smoke', '--output', output, ...flags],
    {
      encoding: 'utf8',
      env: { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: libraries },
    },
  );
}

const isCorrectness = (part: string) => part === 'environment' || part === 'conformance';
const report = (): Report => JSON.parse(readFileSync(output, 'utf8'));

describe('gpu-check', () => {
  test('without a GPU ends with 5 and a sentence, and leaves no report', () => {
    const { status, stdout, stderr } = gpuCheck(folder);
    assert.equal(status, 5);
    assert.match(stderr, /^error: .*no NVIDIA driver is found.*\.$/m);
    assert.equal(stdout, '');
    assert.equal(existsSync(output), false);
  });

  test('refuses a part that it does not know', () => {
    const { status, stderr } = gpuCheck('', '--only', 'conformance,benchmark');
    assert.equal(status, 2);
    assert.match(stderr, /^error: --only: there is no part "benchmark"; the parts are environment, /m);
  });

  test('out of time, tells what it did not come to', () => {
    const { status } = gpuCheck('', '--only', 'conformance,bench', '--minutes', '0.0001');
    assert.equal(status, 1);
    assert.equal(existsSync(output), false, 'the environment itself had no time');
  });

  test('runs every quick part on the emulated card', { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = gpuCheck('', '--only', 'conformance,run,bench', '--rounds', '1');
    assert.equal(status, 0, stderr);
    const { outcomes, finishedAt, card, findings } = report();
    assert.equal(card, 'CUDA emulator');
    assert.ok(finishedAt !== null);
    assert.deepEqual(findings, [], 'an emulated card measures nothing');
    const [environment] = outcomes;
    assert.ok(environment);
    const { precisions } = environment.result as { readonly precisions: readonly string[] };
    for (const { name, status: came, words } of outcomes) {
      const offered =
        !/(fp32|bf16|fp16)$/.test(name) || precisions.some((precision) => name.endsWith(precision));
      if (/dialogues/.test(name)) continue;
      assert.equal(came, offered ? 'passed' : 'not offered', `${name}: ${words}`);
    }
    for (const part of ['conformance', 'run', 'bench'])
      assert.match(stdout, new RegExp(`^\\| ${part} \\| .* \\| passed \\|`, 'm'));
    assert.match(stderr, /^written: .*report\.json$/m);
  });

  test('a later check of another part adds to the report', { timeout: 120_000 }, () => {
    const before = report().outcomes.map(({ part }) => part);
    const { status, stderr } = gpuCheck('', '--only', 'goldens');
    assert.equal(status, 0, stderr);
    const { outcomes } = report();
    assert.deepEqual(
      outcomes.map(({ part }) => part),
      [
        ...before.filter(isCorrectness),
        'goldens',
        'goldens',
        ...before.filter((part) => !isCorrectness(part)),
      ],
    );
  });
});
