// Checks what must not change the numbers: packing, the division of a step into micro-batches, recomputing activations, the
// number of threads, and the key-value cache. Dropout must change them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EpochSteps } from '../src/corpus/epoch-steps.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import type { Batch } from '../src/nn/batch.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { expectedTensors, type GPT2Config } from '../src/nn/gpt2-config.js';
import { ScoringPass } from '../src/nn/scoring-pass.js';
import { TrainingPass } from '../src/nn/training-pass.js';
import { AdamW } from '../src/train/optimizer.js';
import { goldenBatch, goldenWeights } from './golden-model.js';
import { tinyConfig } from './tiny-run.js';

const withDropout = (probability: number): GPT2Config => ({
  ...tinyConfig,
  embdPdrop: probability,
  attnPdrop: probability,
  residPdrop: probability,
});
const still = withDropout(0);
const random = { seed: 1n, microStep: 0 };
const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };

interface BuildOptions {
  readonly config?: GPT2Config;
  readonly gradientCheckpointing?: boolean;
}

/** A model with fixed weights, and a pass for up to 256 tokens. */
function build(device: Device, { config = still, gradientCheckpointing = false }: BuildOptions = {}) {
  const model = new GPT2(device, config, { trainable: true });
  expectedTensors(config).forEach(({ name }, stream) => {
    const { value } = model.parameters.get(name);
    device.upload(value, goldenWeights(name, value.size, stream + 1));
  });
  const pass = new TrainingPass(model, { capacity: 256, gradientCheckpointing, labelSmoothing: 0 });
  return { device, model, pass, optimizer: new AdamW(device, model.parameters, adamw) };
}

type Built = ReturnType<typeof build>;

function lossSum({ device, pass }: Built): number {
  return device.download(pass.lossSum)[0] ?? Number.NaN;
}

function gradients({ device, model }: Built): ReadonlyMap<string, Float32Array> {
  return new Map(
    Array.from(model.parameters, ({ name, gradient }) => [name, device.download(gradient)] as const),
  );
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function assertClose(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  tolerance: number,
) {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, values] of expected) {
    const error = norm(values.map((value, index) => value - (actual.get(name)?.[index] ?? Number.NaN)));
    assert.ok(error <= tolerance * norm(values), `${name}: ${error / norm(values)}`);
  }
}

/** Dialogues of 3 to 40 tokens as the corpus room makes them, every second token on to be learned. */
const dialogues = Array.from({ length: 40 }, (_, index) => {
  const length = 3 + ((index * 13) % 38);
  const tokens = Int32Array.from({ length }, (_, place) => (index * 31 + place * 7) % tinyConfig.vocabSize);
  const targets = tokens.map((_, place) =>
    place % 3 === 0 ? -1 : (index * 31 + (place + 1) * 7) % tinyConfig.vocabSize,
  );
  return {
    tokens,
    targets,
    supervisedTokens: targets.filter((target) => target >= 0).length,
  };
});

function epochSteps(batchSize: number, gradientAccumulationSteps: number, packing = true) {
  return new EpochSteps(dialogues, {
    maxLength: 40,
    packing,
    batchSize,
    gradientAccumulationSteps,
    seed: 3,
  });
}

describe('what must not change the numbers', () => {
  let device: Device;
  before(() => {
    device = createCpuDevice({ threads: 2 });
  });
  after(() => device.dispose());

  const accumulate = (built: Built, batches: readonly Batch[]) => {
    const count = batches.reduce((sum, { targets }) => sum + targets.length, 0);
    for (const batch of batches) built.pass.accumulate(batch, 1 / count, random);
  };

  test('packed conversations have the same loss and gradients as alone', () => {
    const lengths = [5, 1, 23, 40, 2, 17];
    const packed = build(device);
    accumulate(packed, [goldenBatch(lengths, still.vocabSize, 200)]);
    const alone = build(device);
    // goldenBatch draws a dialogue's tokens by its index, so the same dialogue is cut out of the packed batch.
    const whole = goldenBatch(lengths, still.vocabSize, 200);
    accumulate(
      alone,
      lengths.map((length, place) =>
        cut(
          whole,
          lengths.slice(0, place).reduce((sum, before) => sum + before, 0),
          length,
        ),
      ),
    );
    assert.ok(Math.abs(lossSum(packed) / lossSum(alone) - 1) < 1e-6);
    assertClose(gradients(packed), gradients(alone), 2e-5);
  });

  test('padding does not affect loss and gradients', () => {
    const [packed, padded] = [true, false].map((packing) => {
      const built = build(device);
      const all = epochSteps(1, 100, packing);
      assert.equal(all.stepsPerEpoch, 1);
      accumulate(built, all.step(0, 0).batches);
      return built;
    });
    assert.ok(packed && padded);
    assert.ok(Math.abs(lossSum(packed) / lossSum(padded) - 1) < 1e-6);
    assertClose(gradients(packed), gradients(padded), 2e-5);
  });

  test('accumulating 1 batch of 8, 2 of 4, 4 of 2 and 8 of 1 gives the same gradients and the same step', () => {
    const cuts = [
      [8, 1],
      [4, 2],
      [2, 4],
      [1, 8],
    ] as const;
    // Micro-batches of different size would reveal a mean of means instead of a mean over all tokens.
    const results = cuts.map(([batchSize, steps]) => {
      const built = build(device);
      const capacity = 8 * 40;
      const pass = new TrainingPass(built.model, {
        capacity,
        gradientCheckpointing: false,
        labelSmoothing: 0,
      });
      const { batches, supervisedTokens } = epochSteps(batchSize, steps).step(0, 0);
      assert.equal(batches.length, steps);
      for (const batch of batches) pass.accumulate(batch, 1 / supervisedTokens, random);
      const accumulated = gradients(built);
      const gradNorm = built.optimizer.update(1e-3).wait().norm;
      const stepped = new Map(
        Array.from(built.model.parameters, ({ name, value }) => [name, device.download(value)] as const),
      );
      return {
        loss: (device.download(pass.lossSum)[0] ?? 0) / supervisedTokens,
        gradNorm,
        accumulated,
        stepped,
      };
    });
    const [whole, ...parts] = results;
    assert.ok(whole);
    for (const part of parts) {
      assert.ok(Math.abs(part.loss / whole.loss - 1) < 1e-6);
      assert.ok(Math.abs(part.gradNorm / whole.gradNorm - 1) < 1e-6);
      assertClose(part.accumulated, whole.accumulated, 2e-5);
      // AdamW's first step is lr * sign(gradient): where a gradient is zero but for rounding (the key's bias), two
      // ways to add it up may step apart; everything else takes the same step.
      for (const [name, values] of whole.stepped)
        if (!name.endsWith('c_attn.bias')) {
          const apart = part.stepped
            .get(name)
            ?.filter((value, index) => Math.abs(value - (values[index] ?? 0)) > 1e-5);
          assert.ok(
            (apart?.length ?? 0) <= values.length / 200,
            `${name}: ${apart?.length} of ${values.length}`,
          );
        }
    }
  });

  test('recomputing activations changes no bit, dropout on', () => {
    const [kept, recomputed] = [false, true].map((gradientCheckpointing) => {
      const built = build(device, { config: withDropout(0.1), gradientCheckpointing });
      for (const [microStep, batch] of epochSteps(4, 2).step(0, 0).batches.entries())
        built.pass.accumulate(batch, 0.01, { seed: 7n, microStep });
      return { loss: lossSum(built), gradients: gradients(built) };
    });
    assert.deepEqual(recomputed, kept);
  });

  test('keys and values from the cache give the logits of the whole sequence at once', () => {
    const built = build(device);
    const tokens = Array.from({ length: 64 }, (_, place) => (place * 37) % still.vocabSize);
    const decoder = new DecodingPass(built.model, { sequences: 1, contextLength: 64 });
    const all = new ScoringPass(built.model, { capacity: 64 }).logits(sequence(tokens));
    const width = still.vocabSize;
    let place = 0;
    for (const count of [5, 1, 1, 20, 1, 36]) {
      const logits = decoder.prompt(tokens.slice(place, place + count));
      place += count;
      const expected = all.subarray((place - 1) * width, place * width);
      const apart = Math.max(
        ...logits.map((value, index) => Math.abs(value - (expected[index] ?? Number.NaN))),
      );
      assert.ok(apart <= 1e-5, `after ${place} tokens: ${apart}`);
    }
    decoder.rewind(4);
    const again = decoder.prompt(tokens.slice(4, 9));
    const expected = all.subarray(8 * width, 9 * width);
    assert.ok(again.every((value, index) => Math.abs(value - (expected[index] ?? Number.NaN)) <= 1e-5));
  });

  test('sequences that diverge, are reordered and rewound have the same logits as alone', () => {
    const built = build(device);
    const [width, together] = [
      still.vocabSize,
      new DecodingPass(built.model, { sequences: 4, contextLength: 24 }),
    ];
    const alone = new DecodingPass(built.model, { sequences: 1, contextLength: 24 });
    const expectAlone = (logits: Float32Array, pasts: readonly (readonly number[])[]) => {
      for (const [index, past] of pasts.entries()) {
        alone.rewind(0);
        const expected = alone.prompt(past);
        const row = logits.subarray(index * width, (index + 1) * width);
        assert.ok(expected.every((value, at) => Math.abs(value - (row[at] ?? Number.NaN)) <= 1e-5));
      }
    };
    const past = Array.from({ length: 11 }, (_, place) => (place * 29) % width);
    expectAlone(together.prompt(past), [past]);
    let pasts = [past, past, past, past];
    // The parent of each sequence before each token. The last steps have fewer sequences.
    const parents = [[0, 1, 2, 3], [3, 0, 0, 1], [2, 2, 1, 3], [1, 0, 3], [2, 0], [1]];
    for (const [step, chosen] of parents.entries()) {
      together.reorder(chosen);
      const tokens = chosen.map((_, index) => (17 * step + 5 * index + 1) % width);
      pasts = chosen.map((parent, index) => [...(pasts[parent] ?? []), tokens[index] ?? 0]);
      expectAlone(together.advance(tokens), pasts);
    }
    // The survivor's past is everyone's after the next prompt, and some of it is forgotten.
    const survivor = (pasts[0] ?? []).slice(0, 14);
    together.rewind(14);
    expectAlone(together.prompt([3, 1, 4]), [[...survivor, 3, 1, 4]]);
    expectAlone(
      together.advance([7, 8, 9, 10]),
      [7, 8, 9, 10].map((token) => [...survivor, 3, 1, 4, token]),
    );
  });
});

describe('dropout', () => {
  let device: Device;
  before(() => {
    device = createCpuDevice({ threads: 2 });
  });
  after(() => device.dispose());

  const batch = goldenBatch([30, 12], still.vocabSize, 300);
  const lossWith = (config: GPT2Config, counter: { seed: bigint; microStep: number }) => {
    const built = build(device, { config });
    built.pass.accumulate(batch, 1, counter);
    return { loss: lossSum(built), gradients: gradients(built) };
  };

  test('the same seed and micro-step give the same bits', () => {
    const config = withDropout(0.2);
    assert.deepEqual(
      lossWith(config, { seed: 5n, microStep: 3 }),
      lossWith(config, { seed: 5n, microStep: 3 }),
    );
  });

  test('each of the three dropouts has an effect', () => {
    const { loss } = lossWith(still, random);
    for (const key of ['embdPdrop', 'attnPdrop', 'residPdrop'])
      assert.notEqual(lossWith({ ...still, [key]: 0.2 }, random).loss, loss, key);
  });

  test('another micro-step, another low or another high word of the seed gives another mask', () => {
    const config = withDropout(0.2);
    const losses = [
      { seed: 5n, microStep: 3 },
      { seed: 5n, microStep: 4 },
      { seed: 6n, microStep: 3 },
      { seed: 5n + 2n ** 32n, microStep: 3 },
    ].map((counter) => lossWith(config, counter).loss);
    assert.equal(new Set(losses).size, losses.length);
  });

  test('keeps the expected loss near the one without it', () => {
    const { loss } = lossWith(still, random);
    const drawn = Array.from(
      { length: 16 },
      (_, microStep) => lossWith(withDropout(0.1), { seed: 9n, microStep }).loss,
    );
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    assert.ok(Math.abs(mean / loss - 1) < 0.05, `${mean} and ${loss}`);
  });

  for (const gradientCheckpointing of [false, true]) {
    const how = gradientCheckpointing ? ', also where activations are computed again' : '';
    test(`backward uses the masks of forward${how}`, () => {
      const built = build(device, { config: withDropout(0.3), gradientCheckpointing });
      const { values, gradients } = built.model.parameters;
      assert.ok(gradients);
      const loss = () => {
        device.fill(built.pass.lossSum, 0);
        built.pass.accumulate(batch, 1, random);
        return lossSum(built);
      };
      loss();
      const [weights, gradient] = [device.download(values), device.download(gradients)];
      // Along the gradient the slope of the loss equals the gradient's norm. With other masks it does not.
      const steepness = norm(gradient);
      const lossAt = (distance: number) => {
        const step = distance / steepness;
        device.upload(
          values,
          weights.map((weight, at) => weight + step * (gradient[at] ?? 0)),
        );
        return loss();
      };
      const slope = (lossAt(1e-3) - lossAt(-1e-3)) / 2e-3;
      assert.ok(Math.abs(slope / steepness - 1) < 1e-3, `${slope / steepness}`);
    });
  }

  test('evaluation does not use dropout', () => {
    const [one, other] = [withDropout(0.3), still].map((config) => {
      const built = build(device, { config });
      built.pass.evaluate(batch);
      return lossSum(built);
    });
    assert.equal(one, other);
  });
});

test('1 thread and 2 threads train to the same bits, dropout on', () => {
  // Large enough that every kernel divides its work among threads.
  const wide = { ...withDropout(0.1), nEmbd: 192, nInner: 768, nHead: 6 };
  const [one, two] = [1, 2].map((threads) => {
    const device = createCpuDevice({ threads });
    try {
      const built = build(device, { config: wide });
      const epoch = epochSteps(6, 2);
      const losses: number[] = [];
      for (let step = 0; step < 6; step++) {
        const { batches, supervisedTokens } = epoch.step(0, step % epoch.stepsPerEpoch);
        for (const [index, batch] of batches.entries())
          built.pass.accumulate(batch, 1 / supervisedTokens, { seed: 7n, microStep: step * 2 + index });
        losses.push(lossSum(built), built.optimizer.update(1e-3).wait().norm);
      }
      const { values } = built.model.parameters;
      return { losses, parameters: device.download(values) };
    } finally {
      device.dispose();
    }
  });
  assert.deepEqual(two, one);
});

function sequence(tokens: readonly number[]): Batch {
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(tokens, (_, place) => place),
    segmentStarts: new Int32Array(tokens.length),
    segmentEnds: new Int32Array(tokens.length).fill(tokens.length),
    supervisedRows: Int32Array.of(0),
    targets: Int32Array.of(0),
  };
}

/** One conversation of a packed batch as a batch of its own. */
function cut(batch: Batch, start: number, length: number): Batch {
  const end = start + length;
  const chosen = [...batch.supervisedRows].flatMap((row, index) =>
    row >= start && row < end ? [index] : [],
  );
  return {
    tokens: batch.tokens.slice(start, end),
    positions: batch.positions.slice(start, end),
    segmentStarts: new Int32Array(length),
    segmentEnds: new Int32Array(length).fill(length),
    supervisedRows: Int32Array.from(chosen, (index) => (batch.supervisedRows[index] ?? 0) - start),
    targets: Int32Array.from(chosen, (index) => batch.targets[index] ?? 0),
  };
}
