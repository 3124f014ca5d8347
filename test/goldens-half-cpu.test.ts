// The golden models in bf16 on the CPU.

import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { describeHalfGoldens } from './half-goldens.js';

describeHalfGoldens(() => createCpuDevice(), { precisions: ['bf16'], curves: true });
