// Which matrix products fuse the operation after them as an epilogue, and which leave it to a separate kernel: what cuBLASLt
// offers differs by GPU and version. Finds out by computing the products of DialoGPT-small's MLP once, on zeros.

import { createCudaDevice } from '../../device/cuda/cuda-device.js';
import type { Device, Precision } from '../../device/device.js';
import { resolvePrecision } from '../../device/select.js';
import type { DType } from '../../device/tensor.js';
import { oneLine } from '../../quote.js';
import { flagMessageOf } from '../flag-names.js';
import type { Check } from './check.js';

/** Tokens, channels and hidden units. */
export type Shape = readonly [rows: number, channels: number, hidden: number];

const dialoGptSmall: Shape = [4096, 768, 3072];
const dtypes = { fp32: 'f32', bf16: 'bf16', fp16: 'f16' } as const satisfies Record<Precision, DType>;

export function epilogueCheck(env: NodeJS.ProcessEnv, shape = dialoGptSmall): Check {
  const name = 'fused products';
  try {
    const device = createCudaDevice({ env });
    try {
      multiply(device, shape);
      return { name, state: 'ok', detail: device.epilogues().join('\n') };
    } finally {
      device.dispose();
    }
  } catch (thrown) {
    return { name, state: 'absent', detail: oneLine(flagMessageOf(thrown), 400) };
  }
}

/** Every product of an MLP that has an epilogue. */
function multiply(device: Device, [rows, channels, hidden]: Shape): void {
  const dtype = dtypes[resolvePrecision(device, 'auto')];
  const tensor = (...extents: number[]) => device.allocate('activations', extents, dtype);
  const x = tensor(rows, channels);
  const narrowing = tensor(hidden, channels);
  const preActivation = tensor(rows, hidden);
  const active = tensor(rows, hidden);
  const biasGradient = device.allocate('gradients', [hidden]);
  const activation = 'gelu_new';
  device.matmul(active, x, tensor(channels, hidden), {
    epilogue: { kind: 'bias-activation', bias: tensor(hidden), activation, preActivation },
  });
  device.matmul(x, active, narrowing, { epilogue: { kind: 'bias', bias: tensor(channels) } });
  device.matmul(active, x, narrowing, {
    transposeB: true,
    epilogue: { kind: 'activation-gradient', activation, preActivation, biasGradient },
  });
}
