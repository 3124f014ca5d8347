// Slots on the CUDA device, on the emulated card: every pass of tokens replays one graph, because it always has the same number of
// rows, and a reply has the same bits whatever runs beside it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { expectedTensors, type GPT2Config } from '../src/nn/gpt2-config.js';
import { SlotPass } from '../src/nn/slot-pass.js';
import { askedOfDevice } from './asked-of-device.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { bitsOf } from './device/conformance/harness.js';
import { goldenWeights } from './golden-model.js';
import { tinyConfig } from './tiny-run.js';

const config: GPT2Config = { ...tinyConfig, vocabSize: 96, nEmbd: 32, nLayer: 2, nInner: 64 };

const devices: Device[] = [];
after(() => {
  for (const device of devices) device.dispose();
});

function slotsOn(device: Device, slots: number): SlotPass {
  devices.push(device);
  const model = new GPT2(device, config, { trainable: false });
  for (const [index, { name }] of expectedTensors(config).entries()) {
    const { size } = model.parameters.get(name).value;
    model.parameters.load(device, name, goldenWeights(name, size, index + 1));
  }
  return new SlotPass(model, { slots, contextLength: config.nPositions, chunk: 16 });
}

const promptOf = (slot: number) => Array.from({ length: 5 + 9 * slot }, (_, at) => (at * 7 + slot) % 96);

/** The bits of the logits of a slot: after its prompt, and after each of six tokens, beside `others`. */
function bitsBeside(pass: SlotPass, slot: number, others: readonly number[]): string[] {
  const found: string[] = [];
  for (const one of [...others, slot]) {
    const prompt = promptOf(one);
    for (let filled = 0; filled < prompt.length; ) filled = pass.read(one, prompt, filled);
    if (one === slot) found.push(bitsOf(pass.logitsAfterRead()).join(' '));
  }
  for (let token = 0; token < 6; token++) {
    // They leave one after the other.
    const beside = others.slice(token >> 1);
    const rows = pass.advance([...beside, slot].map((one) => ({ slot: one, token: (token * 5 + one) % 96 })));
    found.push(bitsOf(rows.at(-1) ?? new Float32Array()).join(' '));
  }
  return found;
}

test('a reply has the bits of the same reply alone', () => {
  const pass = slotsOn(createEmulatedDevice(), 5);
  const alone = bitsBeside(pass, 2, []);
  assert.deepEqual(bitsBeside(pass, 2, [0, 4, 1]), alone);
  assert.deepEqual(bitsBeside(pass, 2, [3, 4]), alone);
});

test('a pass of tokens replays one graph for any number of slots', () => {
  const device = createEmulatedDevice();
  const pass = slotsOn(device, 5);
  for (const slot of [0, 1, 2]) pass.read(slot, [3, 4, 5], 0);
  const advance = (slots: readonly number[]) => pass.advance(slots.map((slot) => ({ slot, token: 9 })));
  // The first pass runs directly; the second is captured.
  advance([0]);
  advance([0, 1]);
  const { counts, replays } = askedOfDevice(device, () => {
    advance([0, 1]);
    advance([2]);
    advance([0, 1, 2]);
  });
  assert.equal(new Set(replays.map(([, key]) => key)).size, 1);
  // Integers each time, and owners when the rows have other slots.
  assert.deepEqual(counts, { upload: 5, replay: 3, download: 3 });
});

test('logits and likelihoods are those of the CPU, up to rounding', () => {
  const [card, other] = [slotsOn(createEmulatedDevice(), 3), slotsOn(createCpuDevice({ threads: 2 }), 3)];
  const run = (pass: SlotPass) => {
    const results: number[] = [];
    for (const slot of [2, 0]) {
      const prompt = promptOf(slot);
      for (let filled = 0; filled < prompt.length; ) filled = pass.read(slot, prompt, filled);
      results.push(...pass.likelihoodsAfterRead([4, 5, 6]), ...pass.logitsAfterRead());
    }
    for (const rows of pass.advance([
      { slot: 0, token: 1 },
      { slot: 2, token: 2 },
    ]))
      results.push(...rows);
    return [...results, ...pass.likelihoods([7, 8])];
  };
  const expected = run(other);
  for (const [at, value] of run(card).entries())
    assert.ok(Math.abs(value - (expected[at] ?? Number.NaN)) < 1e-4, `${at}: ${value} and ${expected[at]}`);
});
