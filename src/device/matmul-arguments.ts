// What a matrix product demands of its tensors, and how its options pass to the kernel.

import type { Activation, Epilogue, MatmulOptions } from './device.js';
import type { OperationKernels } from './kernel-device.js';
import { expectAll, expectFloats, weightType } from './shapes.js';
import type { Tensor } from './tensor.js';

const activationCode = { gelu_new: 0, gelu: 1 } as const satisfies Record<Activation, number>;
const epilogueCode = { bias: 1, 'bias-activation': 2, 'activation-gradient': 3 } as const satisfies Record<
  Epilogue['kind'],
  number
>;

export function matmulArguments(
  out: Tensor,
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, accumulate = false, epilogue }: MatmulOptions,
): Parameters<OperationKernels['matmul']> {
  const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
  const type = weightType(b);
  expectFloats('matmul', [m, n], { out });
  expectFloats('matmul', transposeA ? [k, m] : [m, k], { a });
  expectAll('matmul', type, transposeB ? [n, k] : [k, n], { b });
  if (accumulate && epilogue) throw new Error('matmul: accumulate does not go with an epilogue');
  const bias = epilogue !== undefined && 'bias' in epilogue ? epilogue.bias : undefined;
  const before = epilogue !== undefined && 'preActivation' in epilogue ? epilogue.preActivation : undefined;
  if (bias) expectFloats('matmul', [n], { bias });
  if (before) expectFloats('matmul', [m, n], { preActivation: before });
  return [
    out,
    a,
    b,
    Number(type === 'bf16'),
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
