// Many replies at once on a tiny model: each is the one that it would be alone, and passes are shared.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { goldenWeights } from '../../../test/golden-model.js';
import { letters } from '../../../test/letter-model.js';
import { createCpuDevice } from '../../device/cpu/cpu-device.js';
import { logSumExp } from '../../generate/log-softmax.js';
import { defaultSettings, type GenerationSettings } from '../../generate/settings.js';
import { DecodingPass } from '../../nn/decoding-pass.js';
import { GPT2 } from '../../nn/gpt2.js';
import { expectedTensors, presetConfig } from '../../nn/gpt2-config.js';
import { SlotPass } from '../../nn/slot-pass.js';
import { Random } from '../../random.js';
import type { JobOrder, Turn, Work } from './messages.js';
import { SlotLoop } from './slot-loop.js';

const config = {
  ...presetConfig('tiny', letters.vocabularySize),
  ...{ nPositions: 100, nEmbd: 32, nLayer: 2, nHead: 2, nInner: 64 },
};
const device = createCpuDevice({ threads: 1 });
after(() => device.dispose());

function modelWith(broken = false): GPT2 {
  const model = new GPT2(device, config, { trainable: false });
  for (const [index, { name, shape }] of expectedTensors(config).entries()) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const weights = goldenWeights(name, size, index + 1);
    model.parameters.load(device, name, broken ? weights.fill(Number.NaN) : weights);
  }
  return model;
}
const model = modelWith();

/** The loop, its clock, and what has become of its jobs. */
class Bench {
  time = 0;
  readonly turns: Turn[] = [];
  readonly texts = new Map<number, string>();
  readonly ended = new Map<number, Turn['ended'][number]>();
  readonly loop: SlotLoop;
  private ids = 0;

  constructor(slots: number, of = model, chunk = 24) {
    const pass = new SlotPass(of, { slots, contextLength: config.nPositions, chunk });
    this.loop = new SlotLoop(pass, letters, () => this.time);
  }

  add(
    prompt: readonly number[],
    work: Partial<GenerationSettings> | Work,
    changes: Partial<JobOrder> = {},
  ): number {
    const id = this.ids++;
    const generate = (settings: Partial<GenerationSettings>): Work => ({
      kind: 'generate',
      candidate: 0,
      logLikelihoods: true,
      settings: { ...defaultSettings, ...settings },
    });
    this.loop.add({
      ...{ id, prompt, scoredFrom: prompt.length - 1, fairness: 'a' },
      ...{ dueAt: Number.POSITIVE_INFINITY, endsAt: Number.POSITIVE_INFINITY },
      work: 'kind' in work ? work : generate(work),
      ...changes,
    });
    return id;
  }

  turn(): Turn {
    const turn = this.loop.turn();
    this.time++;
    this.turns.push(turn);
    for (const { id, text } of turn.pieces) this.texts.set(id, (this.texts.get(id) ?? '') + text);
    for (const one of turn.ended) this.ended.set(one.id, one);
    return turn;
  }

  run(): this {
    while (this.loop.isBusy) this.turn();
    return this;
  }
}

const wordsOf = (random: Random, count: number) => Array.from({ length: count }, () => 1 + random.below(26));

test('a reply is the same alone and beside others that come and go', () => {
  const random = new Random(3);
  const crowd = new Bench(3);
  const persona = wordsOf(random, 30);
  const jobs = Array.from({ length: 20 }, () => ({
    prompt: [...persona.slice(0, 30 * random.below(2)), ...wordsOf(random, 1 + random.below(40))],
    settings: { seed: random.below(100), maxNewTokens: 2 + random.below(20), minNewTokens: random.below(9) },
  }));
  for (const { prompt, settings } of jobs) {
    crowd.add(prompt, settings);
    for (let turns = random.below(6); turns > 0; turns--) if (crowd.loop.isBusy) crowd.turn();
  }
  crowd.run();
  assert.ok(crowd.turns.some(({ written }) => written === 3));
  const shared = crowd.turns.flatMap(({ started }) => started).filter(({ cached }) => cached >= 30);
  assert.ok(shared.length > 3, 'a common beginning is read once');
  for (const [id, { prompt, settings }] of jobs.entries()) {
    const alone = new Bench(1);
    alone.add(prompt, settings);
    alone.run();
    assert.equal(crowd.texts.get(id), alone.texts.get(0));
    assert.deepEqual(
      { ...crowd.ended.get(id), id: 0 },
      alone.ended.get(0),
      'finish reason and likelihoods, bit for bit',
    );
  }
});

test('batching is continuous: who comes in the middle of a long reply is answered beside it', () => {
  const bench = new Bench(4);
  const long = bench.add(wordsOf(new Random(1), 20), { maxNewTokens: 60, minNewTokens: 60 });
  for (let turns = 0; turns < 10; turns++) bench.turn();
  const late = bench.add(wordsOf(new Random(2), 20), { maxNewTokens: 5, minNewTokens: 5 });
  // Its prompt is read in this turn, which gives the first token, and the long reply goes on.
  const first = bench.turn();
  assert.deepEqual(
    first.pieces.map(({ id, tokens }) => [id, tokens]),
    [
      [long, 1],
      [late, 1],
    ],
  );
  const second = bench.turn();
  assert.equal(second.written, 2, 'one pass for both');
  bench.run();
  assert.ok(bench.turns.findIndex(({ ended }) => ended.some(({ id }) => id === late)) < 20);
  assert.equal(bench.turns.filter(({ written }) => written === 2).length, 4);
  assert.equal(bench.texts.get(long)?.length, 60);
});

test('a long prompt is read in pieces, between which others get their tokens', () => {
  const bench = new Bench(2);
  bench.add(wordsOf(new Random(1), 10), { maxNewTokens: 30, minNewTokens: 30 });
  bench.turn();
  bench.add(wordsOf(new Random(2), 90), { maxNewTokens: 3 });
  for (let turns = 0; turns < 4; turns++) {
    const { read, written } = bench.turn();
    assert.ok(read > 0 && read <= 24);
    assert.equal(written, 1);
  }
});

test('what a slot has read of a prompt is not read again', () => {
  const bench = new Bench(2);
  const prompt = wordsOf(new Random(5), 40);
  bench.add(prompt, { maxNewTokens: 2 });
  bench.run();
  bench.add([...prompt, 3, 4, 5], { maxNewTokens: 2 });
  const { started, read } = bench.turn();
  assert.deepEqual(started, [{ id: 1, cached: 40 }]);
  assert.equal(read, 3);
});

describe('a job ends early', () => {
  test('when it is cancelled, before the next pass, with the text so far', () => {
    const bench = new Bench(1);
    const [one, other] = [5, 6].map((seed) =>
      bench.add(wordsOf(new Random(seed), 10), { maxNewTokens: 50, minNewTokens: 50 }),
    );
    for (let turns = 0; turns < 6; turns++) bench.turn();
    const text = bench.texts.get(one ?? 0);
    bench.loop.cancel(one ?? 0);
    const turn = bench.turn();
    assert.equal(bench.ended.get(one ?? 0)?.finishReason, 'interrupted');
    assert.deepEqual(
      turn.started.map(({ id }) => id),
      [other],
      'its slot is free in the same turn',
    );
    assert.equal(bench.texts.get(one ?? 0), text);
    assert.equal(bench.ended.get(one ?? 0)?.logLikelihoods.length, 6);
  });

  test('when it is cancelled while it waits, or while its prompt is read', () => {
    const bench = new Bench(1);
    const reading = bench.add(wordsOf(new Random(5), 90), {});
    const waiting = bench.add([1], {});
    bench.turn();
    for (const id of [reading, waiting]) bench.loop.cancel(id);
    bench.turn();
    assert.equal(bench.loop.isBusy, false);
    for (const id of [reading, waiting]) assert.equal(bench.ended.get(id)?.finishReason, 'interrupted');
    // What was read is kept.
    bench.add(wordsOf(new Random(5), 90), { maxNewTokens: 1 });
    assert.deepEqual(
      bench.turn().started.map(({ cached }) => cached),
      [24],
    );
  });

  test('with `length` at its deadline, and where the context is full', () => {
    const bench = new Bench(2);
    const late = bench.add(wordsOf(new Random(5), 10), { maxNewTokens: 50, minNewTokens: 50 }, { endsAt: 7 });
    const full = bench.add(wordsOf(new Random(6), 95), { maxNewTokens: 50, minNewTokens: 50 });
    bench.run();
    assert.equal(bench.ended.get(late)?.finishReason, 'length');
    assert.equal(bench.texts.get(late)?.length, 7);
    assert.equal(bench.ended.get(full)?.finishReason, 'length');
    assert.equal(bench.texts.get(full)?.length, 6, 'five more are read, and the last one is chosen');
  });

  test('when no slot was free in time', () => {
    const bench = new Bench(1);
    bench.add([1, 2], { maxNewTokens: 20, minNewTokens: 20 });
    const late = bench.add([1, 2], {}, { dueAt: 5 });
    bench.run();
    assert.deepEqual(
      bench.turns.flatMap(({ expired }) => expired),
      [late],
    );
    assert.ok(!bench.ended.has(late));
  });

  test('when the output of the model is not a number, and others are not harmed', () => {
    const bench = new Bench(2, modelWith(true));
    bench.add([1, 2, 3], {});
    bench.add([1, 2, 3], { kind: 'score', continuation: [4, 5] }, { scoredFrom: 1 });
    bench.run();
    assert.deepEqual(
      bench.turns.flatMap(({ failed }) => failed.map(({ id, code }) => [id, code])),
      [
        [0, 'model-diverged'],
        [1, 'model-diverged'],
      ],
    );
    assert.equal(bench.ended.size, 0);
  });
});

test('a continuation is scored as decoding it would, also where its prompt is known', () => {
  const decoding = new DecodingPass(model, { sequences: 1, contextLength: config.nPositions });
  const text = wordsOf(new Random(8), 70);
  const [prompt, continuation] = [text.slice(0, 30), text.slice(30)];
  const expected: number[] = [];
  let logits = decoding.prompt(prompt);
  for (const token of continuation) {
    expected.push((logits[token] ?? 0) - logSumExp(logits));
    logits = decoding.advance([token]);
  }
  const bench = new Bench(1);
  bench.add(prompt, { maxNewTokens: 3 });
  bench.run();
  for (let time = 0; time < 2; time++) {
    const id = bench.add(text.slice(0, -1), { kind: 'score', continuation }, { scoredFrom: 29 });
    bench.run();
    const found = bench.ended.get(id);
    assert.equal(found?.finishReason, 'stop');
    assert.equal(found?.logLikelihoods.length, continuation.length);
    for (const [at, value] of expected.entries())
      assert.ok(Math.abs(value - (found?.logLikelihoods[at] ?? 0)) < 1e-4, `${at}`);
  }
});
