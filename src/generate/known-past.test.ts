import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { goldenWeights } from '../../test/golden-model.js';
import { tinyConfig } from '../../test/tiny-run.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import type { Device } from '../device/device.js';
import { DecodingPass } from '../nn/decoding-pass.js';
import { GPT2 } from '../nn/gpt2.js';
import { KnownPast } from './known-past.js';

/** Tells how many tokens it was made to read. */
class CountingPass extends DecodingPass {
  read = 0;

  override prompt(tokens: ArrayLike<number>): Float32Array {
    this.read += tokens.length;
    return super.prompt(tokens);
  }
}

let device: Device;
let model: GPT2;
before(() => {
  device = createCpuDevice({ threads: 1 });
  model = new GPT2(device, tinyConfig, { trainable: false });
  for (const [stream, { name, value }] of [...model.parameters].entries())
    device.upload(value, goldenWeights(name, value.size, stream));
});
after(() => device.dispose());

const options = (sequences: number) => ({ sequences, contextLength: tinyConfig.nPositions });
const tokens = (count: number, first = 1) =>
  Array.from({ length: count }, (_, index) => (first + 7 * index) % 250);

function expectFresh(logits: Float32Array, past: readonly number[]): void {
  const fresh = new DecodingPass(model, options(1)).prompt(past);
  assert.ok(logits.every((value, token) => Math.abs(value - (fresh[token] ?? Number.NaN)) <= 1e-5));
}

test('a longer prompt and the reply before it are not read again', () => {
  const pass = new CountingPass(model, options(1));
  const past = new KnownPast(pass);
  past.read(tokens(10));
  past.advance([5]);
  past.advance([6]);
  const next = [...tokens(10), 5, 6, 0, 9, 0];
  expectFresh(past.read(next), next);
  assert.equal(pass.read, 10 + 3);
});

test('the same prompt again reads its last token, for the logits', () => {
  const pass = new CountingPass(model, options(1));
  const past = new KnownPast(pass);
  past.read(tokens(10));
  past.advance([5]);
  expectFresh(past.read(tokens(10)), tokens(10));
  assert.equal(pass.read, 10 + 1);
});

test('another prompt is read from where it differs', () => {
  const pass = new CountingPass(model, options(1));
  const past = new KnownPast(pass);
  past.read(tokens(10));
  const other = [...tokens(4), ...tokens(5, 90)];
  expectFresh(past.read(other), other);
  assert.equal(pass.read, 10 + 5);
});

test('after several replies side by side only what they shared is known', () => {
  const pass = new CountingPass(model, options(3));
  const past = new KnownPast(pass);
  past.read(tokens(10));
  past.advance([5, 6, 7]);
  past.reorder([2, 1]);
  past.advance([8, 9]);
  past.reorder([1]);
  past.advance([3]);
  const next = [...tokens(10), 6, 9, 3, 0];
  expectFresh(past.read(next), next);
  assert.equal(pass.read, 10 + 4);
});
