// How the matrix products of DialoGPT-small's MLP are computed on the GPU: with the operation after them fused or in a
// kernel of its own, by which algorithm of cuBLASLt, and the time of each way. What is not in the cache yet is measured
// now, with random numbers, because a GPU computes zeros faster.

import { createCudaDevice } from '../../device/cuda/cuda-device.js';
import type { MeasuredProduct } from '../../device/cuda/product-cache.js';
import { type Device, dtypeOf } from '../../device/device.js';
import { resolvePrecision } from '../../device/select.js';
import { oneLine } from '../../quote.js';
import { Random } from '../../random.js';
import { flagMessageOf } from '../flag-names.js';
import type { Check } from './check.js';

/** Tokens, channels and hidden units. */
export type Shape = readonly [rows: number, channels: number, hidden: number];

const dialoGptSmall: Shape = [4096, 768, 3072];

export function productCheck(env: NodeJS.ProcessEnv, shape = dialoGptSmall): Check {
  const name = 'matrix products';
  try {
    const device = createCudaDevice({ env });
    try {
      multiply(device, shape);
      const known = [...device.products(), ...device.cachedProducts()];
      const lines = new Map(known.map((product) => [product.product, productLine(product)]));
      return { name, state: 'ok', detail: [...lines.values()].join('\n') };
    } finally {
      device.dispose();
    }
  } catch (thrown) {
    return { name, state: 'absent', detail: oneLine(flagMessageOf(thrown), 400) };
  }
}

/** `bf16[4096,3072] = ...: fused 66.20...; ms: fused 0.051 0.052 0.060, separate 0.071 0.072`, the chosen way first. */
function productLine({ product, chosen, measured }: MeasuredProduct): string {
  const ways = [...new Set(measured.map(({ way }) => way))].map((way) => {
    const times = measured.filter((each) => each.way === way).map(({ milliseconds }) => milliseconds);
    return `${way} ${times.map((time) => time.toFixed(3)).join(' ')}`;
  });
  return `${product}: ${chosen}; ${ways.length > 0 ? `ms: ${ways.join(', ')}` : 'not measured'}`;
}

/** Every product of an MLP that has an epilogue. */
function multiply(device: Device, [rows, channels, hidden]: Shape): void {
  const dtype = dtypeOf[resolvePrecision(device, 'auto')];
  const random = new Random(1);
  const tensor = (...extents: number[]) => {
    const made = device.allocate('activations', extents, dtype);
    device.upload(
      made,
      Float32Array.from({ length: made.size }, () => random.next() / 2 ** 31 - 1),
    );
    return made;
  };
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
