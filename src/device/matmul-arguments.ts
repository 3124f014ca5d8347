// What a matrix product demands of its tensors, and how its options pass to the kernel.

import type { Activation, Epilogue, MatmulOptions } from './device.js';
import type { OperationKernels } from './operation-kernels.js';
import { expectAll, expectFloats, type FloatTypes, floatType, weightType } from './shapes.js';
import type { Tensor } from './tensor.js';

const activationCode = { gelu_new: 0, gelu: 1 } as const satisfies Record<Activation, number>;
const epilogueCode = { bias: 1, 'bias-activation': 2, 'activation-gradient': 3 } as const satisfies Record<
  Epilogue['kind'],
  number
>;

/** @param device whose product it is: what types it takes. */
export function matmulArguments(
  device: FloatTypes,
  out: Tensor,
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, accumulate = false, epilogue }: MatmulOptions,
): Parameters<OperationKernels['matmul']> {
  const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
  const type = floatType('matmul', device, a);
  const typeOfB = weightType('matmul', device, b, type);
  // Sums of products of halves may be kept as they are.
  const kept = out.dtype === 'f32' && epilogue === undefined;
  expectAll('matmul', kept ? 'f32' : type, [m, n], { out });
  expectAll('matmul', type, transposeA ? [k, m] : [m, k], { a });
  expectAll('matmul', typeOfB, transposeB ? [n, k] : [k, n], { b });
  if (accumulate && epilogue) throw new Error('matmul: accumulate does not go with an epilogue');
  const bias = epilogue !== undefined && 'bias' in epilogue ? epilogue.bias : undefined;
  const before = epilogue !== undefined && 'preActivation' in epilogue ? epilogue.preActivation : undefined;
  if (bias) expectAll('matmul', type, [n], { bias });
  if (before) expectAll('matmul', type, [m, n], { preActivation: before });
  const biasGradient = biasGradientOf(epilogue);
  if (biasGradient) expectFloats('matmul', [n], { biasGradient });
  return [
    out,
    a,
    b,
    Number(typeOfB !== type),
    m,
    n,
    k,
    Number(transposeA),
    Number(transposeB),
    Number(accumulate),
    epilogue ? epilogueCode[epilogue.kind] : 0,
    bias,
    before,
    epilogue !== undefined && 'activation' in epilogue ? activationCode[epilogue.activation] : 0,
  ];
}

/** Where the sums of the product's columns go, if they are asked for. */
export function biasGradientOf(epilogue: Epilogue | undefined): Tensor | undefined {
  return epilogue?.kind === 'activation-gradient' ? epilogue.biasGradient : undefined;
}
