// Checks the tensors of a matrix product and encodes its options for the kernel.

import type { Activation, Epilogue, MatmulOptions } from './device.js';
import type { OperationKernels } from './operation-kernels.js';
import { expectAll, expectFloats, type FloatTypes, floatType, weightType } from './shapes.js';
import type { Tensor } from './tensor.js';

const activationCode = { gelu_new: 0, gelu: 1 } as const satisfies Record<Activation, number>;
const epilogueCode = { bias: 1, 'bias-activation': 2, 'activation-gradient': 3 } as const satisfies Record<
  Epilogue['kind'],
  number
>;

/** @param device the dtypes that the device supports. @throws Error if a shape or dtype does not fit. */
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
  // A half-precision product is summed in f32, and may be stored unrounded.
  const unrounded = out.dtype === 'f32' && epilogue === undefined;
  expectAll('matmul', unrounded ? 'f32' : type, [m, n], { out });
  expectAll('matmul', type, transposeA ? [k, m] : [m, k], { a });
  expectAll('matmul', typeOfB, transposeB ? [n, k] : [k, n], { b });
  if (accumulate && epilogue) throw new Error('matmul: accumulate cannot be combined with an epilogue');
  const bias = epilogue !== undefined && 'bias' in epilogue ? epilogue.bias : undefined;
  const preActivation =
    epilogue !== undefined && 'preActivation' in epilogue ? epilogue.preActivation : undefined;
  if (bias) expectAll('matmul', type, [n], { bias });
  if (preActivation) expectAll('matmul', type, [m, n], { preActivation });
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
    preActivation,
    epilogue !== undefined && 'activation' in epilogue ? activationCode[epilogue.activation] : 0,
  ];
}

/** The tensor that receives the column sums of the product, if the epilogue asks for them. */
export function biasGradientOf(epilogue: Epilogue | undefined): Tensor | undefined {
  return epilogue?.kind === 'activation-gradient' ? epilogue.biasGradient : undefined;
}
