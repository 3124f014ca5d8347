// From nothing to a device that has run every operation once, in two processes that share an empty cache: the first
// compiles every kernel, the second finds them on disk.
//
//     node dist/bench/gpu-check/start.js --device cuda

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { everyOperation } from '../../src/device/conformance/every-operation.js';
import { Bench } from '../../src/device/conformance/harness.js';
import { selectDevice } from '../../src/device/select.js';
import { seconds } from '../measure.js';

export interface StartResult {
  readonly coldSeconds: number;
  readonly warmSeconds: number;
}

const { values } = parseArgs({
  options: { device: { type: 'string', default: 'cuda' }, once: { type: 'boolean', default: false } },
});

if (values.once) {
  const device = selectDevice(values.device);
  everyOperation(new Bench(device));
  device.dispose();
} else {
  const cache = mkdtempSync(join(tmpdir(), 'gpu-check-cache-'));
  try {
    const result: StartResult = { coldSeconds: once(cache), warmSeconds: once(cache) };
    console.log(JSON.stringify(result));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

function once(cache: string): number {
  return seconds(() => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--device', values.device, '--once'],
      { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: cache, TMPDIR: cache } },
    );
    if (status !== 0) throw new Error(stderr.trimEnd().slice(-2000));
  });
}
