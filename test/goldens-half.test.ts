// The golden models in half precision, on the CUDA emulator or on the device in CHATBOT_TRAIN_TEST_DEVICE. Emulated steps are
// slow, so on the emulator only cuda-training.heavy.test.ts follows a loss curve.

import { selectDevice } from '../src/device/select.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { describeHalfGoldens } from './half-goldens.js';

const named = process.env.CHATBOT_TRAIN_TEST_DEVICE;
describeHalfGoldens(() => (named === undefined ? createEmulatedDevice() : selectDevice(named)), {
  precisions: ['bf16', 'fp16'],
  curves: named !== undefined,
});
