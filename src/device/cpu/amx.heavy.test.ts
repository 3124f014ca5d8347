// The code for AMX's tiles on a processor without AMX: its instructions are emulated in another process, and must give the bits
// of the portable tiles. bf16-units.test.ts compares them where the processor has AMX.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { amxEmulator, emulatedFlags } from '../../../test/amx-emulator/build.js';
import { kernelLibrary } from './compiler.js';

const lacksAmx =
  process.platform === 'linux' &&
  process.arch === 'x64' &&
  !/^flags\s*:.*\bamx_tile\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));

if (lacksAmx)
  test('emulated tiles have the bits of the portable ones', () => {
    kernelLibrary({ flags: emulatedFlags });
    const compare = fileURLToPath(new URL('../../../test/amx-emulator/compare.js', import.meta.url));
    const env = { ...process.env, LD_PRELOAD: amxEmulator() };
    const output = execFileSync(process.execPath, [compare], { encoding: 'utf8', env });
    const { compared, executed, configured } = JSON.parse(output);
    assert.ok(compared > 300, `${compared} products`);
    assert.ok(executed > 100 * compared, `${executed} instructions`);
    assert.equal(configured, 0, 'threads whose tiles are still configured');
  });
