import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { goldens } from '../../test/sampling-goldens.js';
import { UserError } from '../errors.js';
import { Random } from '../random.js';
import { candidateRandom, candidateSamplers, Sampler } from './sampler.js';
import { defaultSettings, type GenerationSettings } from './settings.js';

const off: GenerationSettings = { ...defaultSettings, temperature: 1, topK: 0, topP: 1, minNewTokens: 0 };
const endOfText = 0;

/** The probability of each token as the settings define it, in float64 and by sorting all tokens. */
function defined(logits: readonly number[], { temperature, topK, topP, minP }: GenerationSettings): number[] {
  const largest = Math.max(...logits);
  const scores = logits.map((logit) => Math.exp((logit - largest) / temperature));
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const score = (token: number | undefined) => scores[token ?? -1] ?? 0;
  const total = (tokens: readonly number[]) => tokens.reduce((sum, token) => sum + score(token), 0);
  let kept = order;
  if (topK > 0 && topK < kept.length) kept = kept.filter((token) => score(token) >= score(order[topK - 1]));
  if (topP < 1) {
    const mass = topP * total(kept);
    let before = 0;
    const [first = 0, ...others] = kept;
    before += score(first);
    kept = [first];
    for (const token of others) {
      if (before >= mass) break;
      before += score(token);
      kept.push(token);
    }
  }
  kept = kept.filter((token) => score(token) >= minP);
  const sum = total(kept);
  const chosen = new Set(kept);
  return scores.map((value, token) => (chosen.has(token) ? value / sum : 0));
}

function distributionOf(logits: readonly number[], settings: GenerationSettings): number[] {
  const sampler = new Sampler(settings, endOfText, new Random(1));
  const { tokens, probabilities } = sampler.distribution(Float32Array.from(logits), [], 0);
  const all = new Array<number>(logits.length).fill(0);
  for (const [index, token] of tokens.entries()) all[token] = probabilities[index] ?? Number.NaN;
  return all;
}

function assertClose(actual: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length);
  for (const [token, probability] of expected.entries()) {
    const other = actual[token] ?? Number.NaN;
    assert.ok(Math.abs(other - probability) <= 1e-8, `${what}, token ${token}: ${other}, not ${probability}`);
    assert.equal(other > 0, probability > 0, `${what}, token ${token}`);
  }
}

function normals(count: number, spread: number, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    let sum = -6;
    for (let term = 0; term < 12; term++) sum += random.next() / 2 ** 32;
    return Math.fround(sum * spread);
  });
}

/** Pearson's statistic as a normal deviate (Wilson & Hilferty, 1931); cells that expect fewer than 5 are one. */
function chiSquareDeviate(counts: readonly number[], probabilities: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  const cells = new Map<number, { count: number; expected: number }>();
  for (const [token, probability] of probabilities.entries()) {
    const place = probability * draws < 5 ? -1 : token;
    const cell = cells.get(place) ?? { count: 0, expected: 0 };
    cells.set(place, {
      count: cell.count + (counts[token] ?? 0),
      expected: cell.expected + probability * draws,
    });
  }
  const filled = [...cells.values()].filter(({ expected }) => expected > 0);
  const freedom = filled.length - 1;
  if (freedom === 0) return 0;
  const statistic = filled.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0);
  const variance = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - variance)) / Math.sqrt(variance);
}

const filters: Readonly<Record<string, Partial<GenerationSettings>>> = {
  nothing: {},
  'a low temperature': { temperature: 0.5 },
  'a high temperature': { temperature: 2 },
  'top-k': { topK: 5 },
  'top-p': { topP: 0.8 },
  'min-p': { minP: 0.1 },
  'all of them': { temperature: 1.5, topK: 30, topP: 0.9, minP: 0.02 },
};

describe('the draws of a sampler', () => {
  for (const [name, some] of Object.entries(filters))
    it(`follow the definition: ${name}`, () => {
      const settings = { ...off, ...some };
      const logits = normals(300, 2, 7);
      const expected = defined(logits, settings);
      const sampler = new Sampler(settings, endOfText, candidateRandom(3, 0));
      const counts = new Array<number>(logits.length).fill(0);
      const row = Float32Array.from(logits);
      for (let draw = 0; draw < 30_000; draw++) {
        const token = sampler.choose(row, [], 0);
        counts[token] = (counts[token] ?? 0) + 1;
      }
      for (const [token, count] of counts.entries())
        assert.ok(count === 0 || (expected[token] ?? 0) > 0, `token ${token} was not to be drawn`);
      // One in 10,000 correct samplers is as far off as this.
      const deviate = chiSquareDeviate(counts, expected);
      assert.ok(Math.abs(deviate) < 3.7, `${deviate} standard deviations`);
    });

  it('would fail that test with a slightly different distribution', () => {
    const logits = normals(300, 2, 7);
    const sampler = new Sampler({ ...off, temperature: 1.05 }, endOfText, candidateRandom(3, 0));
    const counts = new Array<number>(logits.length).fill(0);
    for (let draw = 0; draw < 30_000; draw++) {
      const token = sampler.choose(Float32Array.from(logits), [], 0);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    assert.ok(chiSquareDeviate(counts, defined(logits, off)) > 4);
  });
});

describe('the distribution of a sampler', () => {
  it("is that of transformers' warpers, after its processors", () => {
    for (const { settings, logits, history, newTokens, probabilities } of goldens.cases) {
      const sampler = new Sampler(settings, goldens.endOfText, new Random(1));
      const { tokens, probabilities: actual } = sampler.distribution(
        Float32Array.from(logits),
        history,
        newTokens,
      );
      const all = new Array<number>(logits.length).fill(0);
      for (const [index, token] of tokens.entries()) all[token] = actual[index] ?? Number.NaN;
      assertClose(all, probabilities, JSON.stringify(settings));
    }
  });

  const anySettings = fc
    .record({
      temperature: fc.constantFrom(1, 0.3, 0.8, 1.9, 100, 1e-3, 1e-320),
      topK: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 250 })),
      topP: fc.oneof(fc.constant(1), fc.double({ min: 1e-9, max: 1, noNaN: true })),
      minP: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    })
    .map((some): GenerationSettings => ({ ...off, ...some }));
  /** Also few different ones, so that many are equal, and both zeros. */
  const logit = fc.oneof(
    fc.float({ min: -100, max: 100, noNaN: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(-0, 0, 1e-30, 3e38, -3e38),
  );
  const anyLogits = fc.array(logit, { minLength: 1, maxLength: 200 });

  it('is a distribution over tokens that include the most likely one, for any settings', () => {
    const property = fc.property(anyLogits, anySettings, (logits, settings) => {
      const sampler = new Sampler(settings, endOfText, new Random(1));
      const row = Float32Array.from(logits);
      const { tokens, probabilities } = sampler.distribution(row, [], 0);
      assert.ok(tokens.length >= 1 && tokens.length === probabilities.length);
      assert.ok(probabilities.every((probability) => probability > 0 && probability <= 1));
      const sum = probabilities.reduce((total, probability) => total + probability, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12, String(sum));
      assert.deepEqual(
        [...tokens],
        [...new Set(tokens)].sort((left, right) => left - right),
      );
      // Or one whose probability is the same in float64.
      const behind = (token: number) =>
        (Math.max(...row) - (row[token] ?? Number.NaN)) / settings.temperature;
      assert.ok(tokens.some((token) => Math.exp(-behind(token)) === 1));
      assert.ok(tokens.includes(sampler.choose(row, [], 0)));
      assert.deepEqual(row, Float32Array.from(logits));
    });
    fc.assert(property, { seed: 4, numRuns: 2000 });
  });

  it('is the defined one for many logits, spread, flat, rounded or all equal', () => {
    for (const count of [65, 5000])
      for (const [spread, step] of [
        [3, 0],
        [0.01, 0],
        [30, 0],
        [2, 0.25],
        [0, 1],
      ] as const)
        for (const some of [
          ...Object.values(filters),
          { topK: count >> 1 },
          { topK: 2, topP: 0.5 },
          { topP: 0.999 },
          { topP: 0.01 },
        ]) {
          const settings = { ...off, ...some };
          const raw = normals(count, spread, count);
          const logits = step === 0 ? raw : raw.map((value) => Math.round(value / step) * step);
          const what = `${count} of spread ${spread}, ${JSON.stringify(some)}`;
          assertClose(distributionOf(logits, settings), defined(logits, settings), what);
        }
  });

  it('is one token where it is greedy', () => {
    const sampler = new Sampler({ ...off, doSample: false }, endOfText, new Random(1));
    const { tokens, probabilities } = sampler.distribution(Float32Array.of(1, 3, 2, 3), [], 0);
    assert.deepEqual([[...tokens], [...probabilities]], [[1], [1]]);
  });
});

describe('a sampler', () => {
  it('takes the first of the most likely tokens when it is greedy', () => {
    const sampler = new Sampler({ ...defaultSettings, doSample: false }, endOfText, new Random(1));
    assert.equal(sampler.choose(Float32Array.of(-3, -1, -2, -1), [], 1), 1);
  });

  it('takes penalties into account, greedy or not, and leaves the logits as they are', () => {
    const logits = Float32Array.of(1, 5, 4.9, 0);
    for (const doSample of [false, true]) {
      const settings = { ...off, doSample, topK: 1, repetitionPenalty: 1.5, minNewTokens: 5 };
      assert.equal(new Sampler(settings, endOfText, new Random(1)).choose(logits, [1], 1), 2);
    }
    assert.deepEqual([...logits], [...Float32Array.of(1, 5, 4.9, 0)]);
  });

  it('ends the text when every token is banned', () => {
    for (const doSample of [false, true]) {
      const settings = { ...defaultSettings, doSample, noRepeatNgramSize: 1 };
      const sampler = new Sampler(settings, 2, new Random(1));
      assert.equal(sampler.choose(Float32Array.of(1, 2, 3), [0, 1, 2], 3), 2);
      assert.deepEqual([...sampler.distribution(Float32Array.of(1, 2, 3), [0, 1, 2], 3).tokens], [2]);
    }
  });

  it('refuses logits that are not numbers', () => {
    for (const doSample of [false, true]) {
      const sampler = new Sampler({ ...defaultSettings, doSample }, endOfText, new Random(1));
      for (const method of ['choose', 'distribution'] as const)
        assert.throws(() => sampler[method](Float32Array.of(1, Number.NaN, 2), [], 0), UserError);
    }
  });

  it('takes rows of any size in turn', () => {
    const sampler = new Sampler({ ...off, topK: 1 }, endOfText, new Random(1));
    for (const size of [3, 200, 70]) {
      const row = Float32Array.from({ length: size }, (_, token) => token);
      assert.equal(sampler.choose(row, [], 0), size - 1);
    }
  });
});

describe('the samplers of a batch', () => {
  const logits = normals(100, 1, 5);
  const tokensOf = (sampler: Sampler) =>
    Array.from({ length: 20 }, () => sampler.choose(Float32Array.from(logits), [], 5));

  it('choose the same for any number of candidates, and each differently', () => {
    const [few, many] = [candidateSamplers(off, endOfText, 2), candidateSamplers(off, endOfText, 16)];
    const chosen = many.map(tokensOf);
    assert.deepEqual(few.map(tokensOf), chosen.slice(0, 2));
    assert.equal(new Set(chosen.map((tokens) => tokens.join())).size, 16);
  });

  it('choose the same for the same seed only', () => {
    const first = (seed: number) => candidateSamplers({ ...off, seed }, endOfText, 1).map(tokensOf);
    assert.deepEqual(first(1), first(1));
    assert.notDeepEqual(first(1), first(2));
  });
});
