// The golden models in bf16 on the CPU: as this processor computes, and on the portable tiles, for those without a unit for bf16.

import { describe } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { deviceOnTiles } from './device/portable-tiles.js';
import { describeHalfGoldens } from './half-goldens.js';

describeHalfGoldens(() => createCpuDevice(), { precisions: ['bf16'], curves: true });

describe('on the portable tiles', () => {
  describeHalfGoldens(() => deviceOnTiles(), { precisions: ['bf16'], curves: false });
});
