// A slot's logits are those of the slot alone, whatever runs beside it and whatever it held before.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { bitsOf } from '../../test/device/conformance/harness.js';
import { deviceOnTiles } from '../../test/device/portable-tiles.js';
import { goldenWeights } from '../../test/golden-model.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import type { Device } from '../device/device.js';
import { logSumExp } from '../generate/log-softmax.js';
import { Random } from '../random.js';
import { DecodingPass } from './decoding-pass.js';
import { GPT2 } from './gpt2.js';
import { expectedTensors, presetConfig } from './gpt2-config.js';
import type { ParameterOptions } from './parameters.js';
import { type Advance, SlotPass } from './slot-pass.js';

/** `nInner` is more than a stage of the wide products adds up at a time. */
const config = {
  ...presetConfig('tiny', 211),
  nPositions: 120,
  nEmbd: 64,
  nLayer: 2,
  nHead: 2,
  nInner: 1600,
};
const chunk = 40;

const devices: Device[] = [];
after(() => {
  for (const device of devices) device.dispose();
});

function modelOn(device: Device, options: ParameterOptions): GPT2 {
  devices.push(device);
  const model = new GPT2(device, config, options);
  for (const [index, { name, shape }] of expectedTensors(config).entries()) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    model.parameters.load(device, name, goldenWeights(name, size, index + 1));
  }
  return model;
}

/** A prompt, the tokens that follow it, and the logits after the prompt and after each of those. */
interface Story {
  readonly prompt: readonly number[];
  readonly reply: readonly number[];
}

const tokensOf = (random: Random, count: number) => Array.from({ length: count }, () => random.below(211));

/** The logits of a story in a pass that holds nothing else. */
function alone(pass: SlotPass, slot: number, { prompt, reply }: Story): string[] {
  const read = readAll(pass, slot, prompt, 0);
  return [read, ...reply.map((token) => bits(pass.advance([{ slot, token }])[0]))];
}

function readAll(pass: SlotPass, slot: number, prompt: readonly number[], kept: number): string {
  for (let filled = kept; filled < prompt.length; ) filled = pass.read(slot, prompt, filled);
  return bits(pass.logitsAfterRead());
}

function bits(logits: Float32Array | undefined): string {
  assert.ok(logits);
  assert.equal(logits.length, 211);
  return bitsOf(logits).join(' ');
}

/** A story on its way through a slot. */
interface Running {
  readonly slot: number;
  readonly story: Story;
  readonly expected: readonly string[];
  filled: number;
  written: number;
}

/** Stories come and go in random order, beside each other, and many continue what their slot holds. */
function checkNeighbours(pass: SlotPass, fresh: SlotPass, seed: number, rounds: number): void {
  const random = new Random(seed);
  const pasts: number[][] = Array.from({ length: pass.slots }, () => []);
  const running = new Map<number, Running>();
  let together = 0;
  for (let round = 0; round < rounds; round++) {
    const slot = random.below(pass.slots);
    if (!running.has(slot) && random.below(3) > 0) {
      const past = pasts[slot] ?? [];
      const shared = random.below(2) * random.below(past.length + 1);
      const prompt = [
        ...past.slice(0, shared),
        ...tokensOf(random, 1 + random.below(shared > 0 ? 30 : 90)),
      ].slice(0, 90);
      const story = { prompt, reply: tokensOf(random, 1 + random.below(12)) };
      const expected = alone(fresh, random.below(fresh.slots), story);
      const kept = pass.pieces.kept(prompt.length, Math.min(shared, pass.pieces.lasting(past.length)));
      pasts[slot] = prompt.slice(0, pass.pieces.lasting(prompt.length));
      running.set(slot, { slot, story, expected, filled: kept, written: 0 });
    }
    const reading = [...running.values()].find(({ filled, story }) => filled < story.prompt.length);
    if (reading) {
      const { prompt } = reading.story;
      reading.filled = pass.read(reading.slot, prompt, reading.filled);
      if (reading.filled === prompt.length)
        assert.equal(bits(pass.logitsAfterRead()), reading.expected[0], 'after the prompt');
    }
    const writing = [...running.values()].filter(
      (one) => one !== reading && one.filled === one.story.prompt.length,
    );
    const advances: Advance[] = writing.map((one) => ({
      slot: one.slot,
      token: one.story.reply[one.written] ?? 0,
    }));
    together = Math.max(together, advances.length);
    for (const [index, logits] of pass.advance(advances).entries()) {
      const one = writing[index];
      assert.ok(one);
      one.written++;
      assert.equal(bits(logits), one.expected[one.written], `token ${one.written} beside ${advances.length}`);
      if (one.written === one.story.reply.length) running.delete(one.slot);
    }
  }
  assert.ok(together > 2, 'slots ran side by side');
}

describe('a slot has the same bits', () => {
  const kinds: readonly (readonly [string, () => Device, ParameterOptions])[] = [
    ['in fp32', () => createCpuDevice({ threads: 2 }), { trainable: false }],
    ['with weights in bf16', () => createCpuDevice({ threads: 2 }), { trainable: false, weights: 'bf16' }],
    ['with weights in int8', () => createCpuDevice({ threads: 2 }), { trainable: false, weights: 'int8' }],
    ['in bf16, widened', () => createCpuDevice({ threads: 1 }), { trainable: false, precision: 'bf16' }],
    ['in bf16 on a unit', deviceOnTiles, { trainable: false, precision: 'bf16', packed: true }],
  ];
  for (const [name, create, options] of kinds)
    for (const slots of name === 'in fp32' ? [5, 19] : [5])
      test(`${name}, beside others in ${slots} slots`, () => {
        const model = modelOn(create(), options);
        const pass = new SlotPass(model, { slots, contextLength: 120, chunk });
        const fresh = new SlotPass(model, { slots: 2, contextLength: 120, chunk });
        checkNeighbours(pass, fresh, slots, name.endsWith('unit') ? 20 : 36);
      });
});

test('on a device that rounds every number of rows in its own way, too', () => {
  const device = Object.assign(createCpuDevice({ threads: 2 }), { steadyRows: [] });
  const model = modelOn(device, { trainable: false });
  const options = { slots: 5, contextLength: 120, chunk };
  checkNeighbours(new SlotPass(model, options), new SlotPass(model, options), 3, 36);
});

test('slots give the logits of decoding alone, up to rounding', () => {
  const model = modelOn(createCpuDevice({ threads: 2 }), { trainable: false });
  const pass = new SlotPass(model, { slots: 3, contextLength: 120, chunk });
  const decoding = new DecodingPass(model, { sequences: 1, contextLength: 120 });
  const prompt = tokensOf(new Random(1), 70);
  for (let filled = 0; filled < prompt.length; ) filled = pass.read(2, prompt, filled);
  const near = (one: Float32Array | undefined, other: Float32Array) => {
    assert.ok(one);
    for (const [index, value] of one.entries())
      assert.ok(Math.abs(value - (other[index] ?? Number.NaN)) < 1e-4);
  };
  near(pass.logitsAfterRead(), decoding.prompt(prompt));
  near(pass.advance([{ slot: 2, token: 7 }])[0], decoding.advance([7]));
});

test('likelihoods are those of the logits', () => {
  const model = modelOn(createCpuDevice({ threads: 2 }), { trainable: false });
  const pass = new SlotPass(model, { slots: 18, contextLength: 120, chunk });
  const prompt = tokensOf(new Random(2), 100);
  const expected: number[] = [];
  for (let length = 60; length < 100; length++) {
    for (let filled = 0; filled < length; ) filled = pass.read(0, prompt.slice(0, length), filled);
    const logits = pass.logitsAfterRead();
    expected.push((logits[prompt[length] ?? 0] ?? 0) - logSumExp(logits));
    assert.ok(Math.abs((pass.likelihoods([prompt[length] ?? 0])[0] ?? 0) - (expected.at(-1) ?? 0)) < 1e-5);
  }
  const found: number[] = [];
  for (let filled = 0; filled < 99; ) {
    const to = pass.read(1, prompt.slice(0, 99), filled);
    if (to >= 60) found.push(...pass.likelihoodsAfterRead(prompt.slice(Math.max(60, filled + 1), to + 1)));
    filled = to;
  }
  assert.equal(found.length, 40);
  for (const [at, value] of expected.entries()) assert.ok(Math.abs(value - (found[at] ?? 0)) < 1e-5, `${at}`);
  for (let slot = 0; slot < 18; slot++) pass.read(slot, prompt.slice(0, 20 + slot), 0);
  const advanced = pass.advance(Array.from({ length: 18 }, (_, slot) => ({ slot, token: slot })));
  for (const [row, likelihood] of pass.likelihoods(advanced.map((_, token) => token)).entries())
    assert.ok(
      Math.abs(likelihood - ((advanced[row]?.[row] ?? 0) - logSumExp(advanced[row] ?? new Float32Array()))) <
        1e-5,
    );
});
