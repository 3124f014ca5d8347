// The matrix products of a GPT-2 model, as its layers call them: one block forward and backward, the head, and one token of
// decoding. Sizes are those of the device contract: [m,n] = op(a)[m,k] op(b)[k,n].

import type { Epilogue } from '../../../src/device/device.js';
import { bytesPerElement, type DType } from '../../../src/device/tensor.js';
import type { GPT2Config } from '../../../src/nn/gpt2-config.js';
import type { Operands } from '../operands.js';

export interface ModelProduct {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Added to an f32 output: the gradient of a weight. */
  readonly accumulate?: boolean;
  /** The output is f32, as for the logits of decoding. */
  readonly exact?: boolean;
  readonly epilogue?: Epilogue['kind'];
}

/** Forward and backward of one block with R = `rows`. */
export function blockProducts({ nEmbd: c, nInner }: GPT2Config, rows: number): ModelProduct[] {
  return [
    { name: 'qkv', m: rows, n: 3 * c, k: c, epilogue: 'bias' },
    { name: 'attention output', m: rows, n: c, k: c, epilogue: 'bias' },
    { name: 'fc with GELU', m: rows, n: nInner, k: c, epilogue: 'bias-activation' },
    { name: 'fc2', m: rows, n: c, k: nInner, epilogue: 'bias' },
    ...gradients('fc2', rows, nInner, c, 'activation-gradient'),
    ...gradients('fc', rows, c, nInner),
    ...gradients('attention output', rows, c, c),
    ...gradients('qkv', rows, c, 3 * c),
  ];
}

/** Logits and their backward. @param width the logits of a row, padding included. */
export function headProducts({ nEmbd: c }: GPT2Config, rows: number, width: number): ModelProduct[] {
  return [
    { name: 'logits', m: rows, n: width, k: c, transposeB: true },
    { name: 'logits, gradient of input', m: rows, n: c, k: width },
    { name: 'logits, gradient of weight', m: width, n: c, k: rows, transposeA: true, accumulate: true },
  ];
}

/** One token. */
export function decodingProducts({ nEmbd: c, nInner }: GPT2Config, width: number): ModelProduct[] {
  return [
    { name: 'decoding, qkv', m: 1, n: 3 * c, k: c, epilogue: 'bias' },
    { name: 'decoding, attention output', m: 1, n: c, k: c, epilogue: 'bias' },
    { name: 'decoding, fc with GELU', m: 1, n: nInner, k: c, epilogue: 'bias-activation' },
    { name: 'decoding, fc2', m: 1, n: c, k: nInner, epilogue: 'bias' },
    { name: 'decoding, logits', m: 1, n: width, k: c, transposeB: true, exact: true },
  ];
}

/** The backward of y[R,outputs] = x[R,inputs] W: for x, and for W. */
function gradients(
  name: string,
  rows: number,
  inputs: number,
  outputs: number,
  epilogue?: Epilogue['kind'],
): ModelProduct[] {
  const ofInput = { name: `${name}, gradient of input`, m: rows, n: inputs, k: outputs, transposeB: true };
  const ofWeight = { name: `${name}, gradient of weight`, m: inputs, n: outputs, k: rows };
  return [
    { ...ofInput, ...(epilogue && { epilogue }) },
    { ...ofWeight, transposeA: true, accumulate: true },
  ];
}

/** Allocates the operands. @returns a function that multiplies. */
export function preparedProduct(operands: Operands, product: ModelProduct): () => void {
  const { m, n, k, transposeA = false, transposeB = false, accumulate = false } = product;
  const a = operands.random(transposeA ? [k, m] : [m, k]);
  const b = operands.random(transposeB ? [n, k] : [k, n]);
  const out = operands.zeros([m, n], outputType(product, operands.dtype));
  const epilogue = preparedEpilogue(operands, product);
  const options = { transposeA, transposeB, accumulate, ...(epilogue && { epilogue }) };
  return () => operands.device.matmul(out, a, b, options);
}

function preparedEpilogue(operands: Operands, { m, n, epilogue: kind }: ModelProduct): Epilogue | undefined {
  const activation = 'gelu_new';
  switch (kind) {
    case undefined:
      return undefined;
    case 'bias':
      return { kind, bias: operands.random([n]) };
    case 'bias-activation':
      return { kind, activation, bias: operands.random([n]), preActivation: operands.zeros([m, n]) };
    case 'activation-gradient': {
      const preActivation = operands.random([m, n]);
      return { kind, activation, preActivation, biasGradient: operands.zeros([n], 'f32') };
    }
    default:
      return kind satisfies never;
  }
}

/** [m,n] over k. */
export function shapeOf({ m, n, k, transposeA, transposeB, accumulate }: ModelProduct): string {
  const how = [transposeA && 'a transposed', transposeB && 'b transposed', accumulate && 'accumulating'];
  return [`[${m},${n}] over ${k}`, ...how.filter((word) => word)].join(', ');
}

export function flopsOf({ m, n, k }: ModelProduct): number {
  return 2 * m * n * k;
}

/** Each operand read once, each result written once; accumulation also reads the output. */
export function bytesOf(product: ModelProduct, dtype: DType): number {
  const { m, n, k, accumulate, epilogue } = product;
  const narrow = bytesPerElement[dtype];
  const output = bytesPerElement[outputType(product, dtype)] * (accumulate ? 2 : 1);
  const besides = {
    bias: narrow * n,
    'bias-activation': narrow * (n + m * n),
    'activation-gradient': narrow * m * n + 8 * n,
  };
  return narrow * (m * k + k * n) + output * m * n + (epilogue === undefined ? 0 : besides[epilogue]);
}

function outputType({ accumulate, exact }: ModelProduct, dtype: DType): DType {
  return accumulate || exact ? 'f32' : dtype;
}
