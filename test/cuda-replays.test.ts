// Which graph is replayed for which batch: a graph of another size must not be used. Compares a device that replays
// with one that runs everything directly, bit by bit. On the emulated card.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { CudaDevice } from '../src/device/cuda/cuda-device.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { expectedTensors, type GPT2Config } from '../src/nn/gpt2-config.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { TrainingPass } from '../src/nn/training-pass.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { goldenBatch, goldenWeights } from './golden-model.js';
import { tinyConfig } from './tiny-run.js';

const config: GPT2Config = { ...tinyConfig, vocabSize: 96, nEmbd: 16, nLayer: 1, nInner: 32 };
const capacity = 256;
/** Positions and supervised positions, as padded for the card: 256 and 128, 256 and 256, 128 and 128. */
const batches = [4, 6, 2].map((dialogues) =>
  goldenBatch(new Array<number>(dialogues).fill(40), config.vocabSize, 100 * dialogues),
);
/** Work of one size runs, is captured, and is replayed between work of the other sizes. */
const turns = [0, 1, 2].flatMap((round) =>
  batches.map((batch, at) => ({ batch, microStep: 3 * round + at })),
);

const devices: CudaDevice[] = [];
after(() => {
  for (const device of devices) device.dispose();
});

/** The results of `work` with a model on a device that replays, and with the same model on one that does not. */
function replayedAndDirect<Result>(
  work: (model: GPT2) => Result,
): readonly [replayed: Result, direct: Result] {
  const [replayed, direct] = [createEmulatedDevice(), createEmulatedDevice()];
  devices.push(replayed, direct);
  direct.replay = (_owner, _key, work) => work();
  const resultsOn = (device: CudaDevice) => {
    const model = new GPT2(device, config, { trainable: true });
    expectedTensors(config).forEach(({ name }, at) => {
      const { size } = model.parameters.get(name).value;
      model.parameters.load(device, name, goldenWeights(name, size, at + 1));
    });
    return work(model);
  };
  return [resultsOn(replayed), resultsOn(direct)];
}

test('the batches have the padded sizes that these tests need', () => {
  const padded = (rows: number) => Math.ceil(rows / 128) * 128;
  const sizes = batches.map(({ tokens, targets }) => [padded(tokens.length), padded(targets.length)]);
  assert.deepEqual(sizes, [
    [256, 128],
    [256, 256],
    [128, 128],
  ]);
});

test('a step replays the graph of its number of positions and of supervised positions', () => {
  const [replayed, direct] = replayedAndDirect((model) => {
    const { device, parameters } = model;
    const pass = new TrainingPass(model, { capacity, gradientCheckpointing: false, labelSmoothing: 0 });
    return turns.map(({ batch, microStep }) => {
      pass.accumulate(batch, 0.01, { seed: 5n, microStep });
      const gradients = Array.from(parameters, ({ gradient }) => device.download(gradient));
      return { loss: device.download(pass.lossSum), gradients };
    });
  });
  turns.forEach((_, turn) => {
    assert.deepEqual(replayed[turn], direct[turn], `turn ${turn}`);
  });
});

test('an evaluation does the same', () => {
  const [replayed, direct] = replayedAndDirect((model) => {
    const pass = new ScoringPass(model, { capacity });
    return turns.map(({ batch }) => pass.losses(batch));
  });
  turns.forEach((_, turn) => {
    assert.deepEqual(replayed[turn], direct[turn], `turn ${turn}`);
  });
});

test('a decoding step replays the graph of its number of sequences', () => {
  // Each number comes second once: a graph captured for the first would be replayed for the other.
  for (const counts of [
    [1, 2, 1, 2, 1, 2],
    [2, 1, 2, 1, 2, 1],
  ]) {
    const [replayed, direct] = replayedAndDirect((model) => {
      const pass = new DecodingPass(model, { sequences: 2, contextLength: 16 });
      pass.prompt([3, 1, 4]);
      return counts.map((count, step) => {
        pass.reorder(new Array<number>(count).fill(0));
        return pass.advance(Array.from({ length: count }, (_, sequence) => 11 * step + 5 * sequence + 1));
      });
    });
    assert.deepEqual(replayed, direct, `${counts} sequences`);
  }
});
