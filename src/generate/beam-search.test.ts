import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashedModel, letters, type Model, ModelPast } from '../../test/letter-model.js';
import { UserError } from '../errors.js';
import { Random } from '../random.js';
import { type BeamSettings, beamSearch } from './beam-search.js';
import { logSoftmax } from './log-softmax.js';
import { Sampler } from './sampler.js';
import { defaultSettings } from './settings.js';

const settings: BeamSettings = {
  ...defaultSettings,
  numBeams: 3,
  lengthPenalty: 1,
  maxNewTokens: 12,
  minNewTokens: 0,
};
const never = () => false;
const search = (model: Model, changed: Partial<BeamSettings> = {}, prompt: readonly number[] = [1]) =>
  beamSearch(new ModelPast(model), letters, prompt, { ...settings, ...changed }, never);

function logProbability(model: Model, past: readonly number[], token: number): number {
  const row = model(past);
  logSoftmax(row);
  return row[token] ?? Number.NaN;
}

/** The score of a whole reply, computed by the model alone. */
function scoreOf(
  model: Model,
  prompt: readonly number[],
  said: readonly number[],
  lengthPenalty: number,
): number {
  let sum = 0;
  for (const [place, token] of said.entries())
    sum += logProbability(model, [...prompt, ...said.slice(0, place)], token);
  return sum / said.length ** lengthPenalty;
}

/** Every reply of up to `longest` tokens: ended, or of that length. */
function everyReply(vocabulary: number, longest: number, said: readonly number[] = []): number[][] {
  if (said.length === longest) return [[...said]];
  const longer = Array.from({ length: vocabulary - 1 }, (_, index) =>
    everyReply(vocabulary, longest, [...said, index + 1]),
  );
  return [[...said, 0], ...longer.flat()];
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const runs = { seed: 7, numRuns: 40 };

describe('beam search', () => {
  it('with one beam is greedy decoding', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.double({ min: -2, max: 2, noNaN: true }), async (seed, lengthPenalty) => {
        const model = hashedModel(12, seed);
        const sampler = new Sampler({ ...defaultSettings, ...settings, doSample: false }, 0, new Random(1));
        const said: number[] = [];
        while (said.length < settings.maxNewTokens && said.at(-1) !== 0)
          said.push(sampler.choose(model([1, ...said]), [1, ...said], said.length));
        const [only, ...others] = await search(model, { numBeams: 1, lengthPenalty });
        assert.deepEqual(others, []);
        assert.deepEqual(
          only?.tokens,
          said.filter((token) => token !== 0),
        );
      }),
      runs,
    ));

  it('gives each hypothesis the score that it has by itself', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 8 }), async (seed, numBeams) => {
        const model = hashedModel(20, seed);
        const lengthPenalty = (seed % 5) / 2 - 1;
        const found = await search(model, { numBeams, lengthPenalty });
        assert.equal(found.length, numBeams);
        assert.equal(new Set(found.map(({ tokens }) => tokens.join())).size, numBeams);
        for (const { tokens, score, finishReason } of found) {
          const said = finishReason === 'stop' ? [...tokens, 0] : tokens;
          assert.ok(finishReason === 'stop' || said.length === settings.maxNewTokens);
          assert.ok(Math.abs(score - scoreOf(model, [1], said, lengthPenalty)) < 1e-5);
        }
        const scores = found.map(({ score }) => score);
        assert.deepEqual(
          scores,
          [...scores].sort((a, b) => b - a),
        );
      }),
      runs,
    ));

  it('with more beams than there are replies finds every reply, best first', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.double({ min: -2, max: 2, noNaN: true }), async (seed, lengthPenalty) => {
        const model = hashedModel(3, seed);
        const found = await search(model, { numBeams: 64, lengthPenalty, maxNewTokens: 4 });
        const said = found.map(({ tokens, finishReason }) =>
          finishReason === 'stop' ? [...tokens, 0] : tokens,
        );
        const all = everyReply(3, 4)
          .map((reply) => ({ reply, score: scoreOf(model, [1], reply, lengthPenalty) }))
          .sort((one, other) => other.score - one.score);
        assert.deepEqual(
          said,
          all.map(({ reply }) => reply),
        );
      }),
      runs,
    ));

  it('ends when no running beam is better than the worst of N finished ones', async () => {
    // Almost certainly the end after each token: N beams end soon, long before the longest reply.
    const model: Model = () =>
      Float32Array.from({ length: 27 }, (_, token) => (token === 0 ? 5 : -token / 10));
    let steps = 0;
    const found = await beamSearch(
      new ModelPast(model),
      letters,
      [1],
      { ...settings, maxNewTokens: 500 },
      () => {
        steps++;
        return false;
      },
    );
    assert.ok(steps < 10);
    assert.deepEqual(
      found.map(({ finishReason }) => finishReason),
      ['stop', 'stop', 'stop'],
    );
    assert.equal(found[0]?.text, '');
  });

  it('applies penalties and bans to each beam by its own history', async () => {
    const model = hashedModel(6, 3);
    const found = await search(model, { noRepeatNgramSize: 2, minNewTokens: 5, numBeams: 5 }, [1, 2, 3]);
    for (const { tokens } of found) {
      assert.ok(tokens.length >= 5);
      const all = [1, 2, 3, ...tokens];
      const pairs = all.slice(1).map((token, place) => `${all[place]} ${token}`);
      assert.equal(new Set(pairs).size, pairs.length);
    }
  });

  it('ends a hypothesis where its text has a stop string, whatever tokens that is made of', async () => {
    const model = hashedModel(4, 11);
    const found = await search(model, { stop: ['ab', 'cc'], numBeams: 6, maxNewTokens: 20 });
    assert.ok(found.some(({ tokens }) => /ab|cc/.test(letters.decode(tokens))));
    for (const { tokens, text, finishReason } of found) {
      const whole = letters.decode(tokens);
      assert.ok(!/(ab|cc)./.test(whole), 'nothing comes after a stop string');
      assert.equal(text, whole.replace(/ab$|cc$/, ''));
      if (/ab$|cc$/.test(whole)) assert.equal(finishReason, 'stop');
    }
  });

  it('ends where the context is full', async () => {
    const model: Model = () => Float32Array.of(-50, 1, 2, 3);
    const past = new ModelPast(model, 5);
    const found = await beamSearch(past, letters, [1, 1, 1], settings, never);
    assert.deepEqual(
      found.map(({ tokens, finishReason }) => [tokens.length, finishReason]),
      [3, 3, 3].map((length) => [length, 'length']),
    );
    const full = await beamSearch(past, letters, [1, 1, 1, 1, 1], settings, never);
    assert.deepEqual(
      full.map(({ tokens }) => tokens),
      [[3], [2], [1]],
    );
  });

  it('gives the best so far when it is interrupted, and the event loop a turn at every token', async () => {
    const model = hashedModel(27, 5);
    let turns = 0;
    const count = () => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    let asked = 0;
    const found = await beamSearch(
      new ModelPast(model),
      letters,
      [1],
      { ...settings, minNewTokens: 12 },
      () => ++asked === 5,
    );
    clearImmediate(timer);
    assert.ok(turns >= 4);
    assert.equal(found.length, 3);
    for (const { tokens, score, finishReason } of found) {
      assert.equal(finishReason, 'interrupted');
      assert.equal(tokens.length, 5);
      assert.ok(Math.abs(score - scoreOf(model, [1], tokens, 1)) < 1e-5);
    }
  });

  it('ends when every token is banned', async () => {
    const model: Model = () => Float32Array.of(0, 1);
    const found = await search(model, { noRepeatNgramSize: 1, minNewTokens: 9, numBeams: 2 }, [0]);
    assert.deepEqual(
      found.map(({ tokens, finishReason }) => [tokens, finishReason]),
      [[[1], 'stop']],
    );
    const atOnce = await search(model, { noRepeatNgramSize: 1, minNewTokens: 9, lengthPenalty: 0 }, [0, 1]);
    assert.deepEqual(
      atOnce.map(({ tokens, score }) => [tokens, score]),
      [[[], 0]],
    );
  });

  it('refuses a model whose output is not a number', async () => {
    const model: Model = (past) => Float32Array.of(0, 1, past.length > 2 ? Number.NaN : 0);
    await assert.rejects(search(model), (thrown) => thrown instanceof UserError && thrown.fault === 'model');
  });
});

describe('log-softmax', () => {
  it('is the logarithm of the softmax, however large or small the logits are', () => {
    for (const shift of [0, -500, 500, 3e4]) {
      const logits = Float32Array.from({ length: 1000 }, (_, token) => ((token * 37) % 101) / 4 + shift);
      const most = Math.max(...logits);
      const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
      const expected = logits.map((logit) => logit - most - Math.log(sum));
      logSoftmax(logits);
      for (const [token, value] of logits.entries())
        assert.ok(Math.abs(value - (expected[token] ?? Number.NaN)) < 1e-5);
    }
  });
});
