// The emulated card with the kernels of kernels.cu, in a new context for each test.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Argument, Card, type Shape } from './card.js';

export const source = readFileSync(
  fileURLToPath(new URL('../../../test/cuda-emulator/kernels.cu', import.meta.url)),
  'utf8',
);
export const card = new Card();
let image: Uint8Array | undefined;
let module = 0;

/** Before each test: a new context with the kernels. Returns their module. */
export function begin(): number {
  card.begin();
  image ??= card.image(source);
  module = card.out('cuModuleLoadData', image);
  return module;
}

export function kernel(name: string): number {
  return card.kernel(module, name);
}

/** Runs a kernel that must succeed. */
export function run(name: string, shape: Shape, ...values: Argument[]): void {
  const { status, words } = card.run(kernel(name), shape, ...values);
  assert.equal(status, 0, words);
}

/** Runs a kernel that must end its context's work with an error. */
export function punished(
  status: number,
  words: RegExp,
  name: string,
  shape: Shape,
  ...values: Argument[]
): void {
  const ended = card.run(kernel(name), shape, ...values);
  assert.equal(ended.status, status, ended.words);
  assert.match(ended.words, words);
  // As on a card, every later call fails.
  assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 64), status);
}

export function numbers(length: number, at: (i: number) => number): Float32Array {
  return Float32Array.from({ length }, (_, i) => at(i));
}

/** The graph of what a stream has captured. */
export function captured(stream: number): number {
  const graph = new BigUint64Array(1);
  card.call('cuStreamEndCapture', stream, graph);
  return Number(graph[0]);
}

/** The time that events measure around work in a stream, in microseconds. */
export function microseconds(stream: number, work: () => void): number {
  const [start, end] = [card.out('cuEventCreate', 0), card.out('cuEventCreate', 0)];
  card.call('cuEventRecord', start, stream);
  work();
  card.call('cuEventRecord', end, stream);
  card.call('cuEventSynchronize', end);
  const milliseconds = new Float32Array(1);
  card.call('cuEventElapsedTime_v2', milliseconds, start, end);
  return Math.round((milliseconds[0] ?? Number.NaN) * 1e6) / 1e3;
}

/** Runs a test with these environment variables. */
export function withEnvironment(variables: Record<string, string>, test: () => void): void {
  Object.assign(process.env, variables);
  try {
    test();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}
