// What a run says that it will take, against what its process takes: a container's limit kills whoever takes more.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeTinyCorpus } from './tiny-run.js';

const root = mkdtempSync(join(tmpdir(), 'memory-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('a run takes no more memory than planned, with evaluations, samples and checkpoints', {
  skip: process.platform !== 'linux' && 'only Linux tells the most that was resident',
}, () => {
  const data = makeTinyCorpus(join(root, 'pairs.json'), 40);
  const script = fileURLToPath(new URL('./measured-run.js', import.meta.url));
  const options = {
    ...{ data: [data], model: 'tiny', outputDir: join(root, 'run'), maxLength: 32, device: 'cpu' },
    ...{ maxSteps: 4, saveSteps: 1, evalSteps: 2, perDeviceTrainBatchSize: 2 },
  };
  const { planned, before, peak } = JSON.parse(
    execFileSync(process.execPath, [script, JSON.stringify(options)], { encoding: 'utf8' }),
  );
  assert.ok(peak > before);
  assert.ok(
    peak - before <= planned,
    `${(peak - before) / 1e6} MB were taken after the plan, which says ${planned / 1e6} MB`,
  );
});
