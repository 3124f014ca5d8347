// Batching, fairness and deadlines, without a model: a clock that counts turns, and jobs that take a known number of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PromptPieces } from '../../nn/prompt-pieces.js';
import { Random } from '../../random.js';
import { type Queued, type Slot, type Step, schedule } from './schedule.js';

/** As on a CPU: any position can be kept, and pieces have 4 tokens at least. */
const anywhere = new PromptPieces({ steadyRows: [{ least: 4, most: Number.POSITIVE_INFINITY }] }, 8);
/** As on a device that rounds each number of rows in its own way. */
const wholeChunks = new PromptPieces({ steadyRows: [] }, 8);

interface Job extends Queued {
  /** Tokens of the reply. */
  readonly tokens: number;
}

let numbers = 0;
const job = (changes: Partial<Job> = {}): Job => {
  const prompt = changes.prompt ?? [1, 2, 3, 4, 5];
  return {
    ...{ id: numbers++, prompt, scoredFrom: prompt.length - 1, fairness: 'a', tokens: 3 },
    ...{ dueAt: Number.POSITIVE_INFINITY, endsAt: Number.POSITIVE_INFINITY },
    ...changes,
  };
};
const idle = (past: readonly number[] = [], usedAt = 0): Slot<Job> => ({ kind: 'idle', past, usedAt });
const writing = (one: Job): Slot<Job> => ({ kind: 'writing', job: one });
const startsOf = ({ starts }: Step<Job>) => starts.map(({ slot, job: { id }, kept }) => [slot, id, kept]);

describe('a waiting job', () => {
  test('takes the slot that keeps the most of its prompt', () => {
    const one = job({ prompt: [1, 2, 3, 4, 5, 6] });
    const step = schedule([idle(), idle([1, 2, 9]), idle([1, 2, 3, 4]), idle([1])], [one], anywhere, 0);
    assert.deepEqual(startsOf(step), [[2, one.id, 4]]);
    assert.deepEqual(step.reads, [2]);
  });

  test('takes the slot that was used least recently where no past helps', () => {
    const [one, other] = [job(), job({ fairness: 'b' })];
    const step = schedule([idle([], 5), idle([7, 7], 3), idle([], 4)], [one, other], anywhere, 9);
    assert.deepEqual(startsOf(step), [
      [1, one.id, 0],
      [2, other.id, 0],
    ]);
  });

  test('leaves a slot to its conversation, and copies the prefix that it shares with it', () => {
    const persona = Array.from({ length: 20 }, (_, index) => index);
    const slots = [
      idle([...persona, 50, 51, 52], 9),
      idle([60, 61], 3),
      writing(job({ prompt: [...persona, 70] })),
    ];
    const [other] = schedule(slots, [job({ prompt: [...persona, 80, 81] })], anywhere, 9).starts;
    assert.deepEqual([other?.slot, other?.kept, other?.copied], [1, 20, { slot: 0, position: 0 }]);
    const [same] = schedule(slots, [job({ prompt: [...persona, 50, 51, 52, 53, 54] })], anywhere, 9).starts;
    assert.deepEqual([same?.slot, same?.kept, same?.copied], [0, 23, null]);
    const [busy] = schedule(slots.slice(1), [job({ prompt: [...persona, 80] })], anywhere, 9).starts;
    assert.deepEqual([busy?.slot, busy?.kept, busy?.copied], [0, 20, { slot: 1, position: 0 }]);
  });

  test('keeps nothing of the last token, whose logits are needed, and nothing from the first scored one on', () => {
    const prompt = [1, 2, 3, 4, 5, 6];
    const kept = (one: Job) => schedule([idle([1, 2, 3, 4, 5, 6])], [one], anywhere, 0).starts[0]?.kept;
    assert.equal(kept(job({ prompt })), 5);
    assert.equal(kept(job({ prompt, scoredFrom: 2 })), 2);
    assert.equal(kept(job({ prompt: [1, 2, 3] })), 0, 'a prompt below the least piece is read anew');
  });

  test('keeps whole chunks only, where the rounding of a row depends on the number of rows', () => {
    const prompt = Array.from({ length: 20 }, (_, index) => index);
    const kept = (past: number, length: number) =>
      schedule([idle(prompt.slice(0, past))], [job({ prompt: prompt.slice(0, length) })], wholeChunks, 0)
        .starts[0]?.kept;
    assert.equal(kept(16, 20), 16);
    assert.equal(kept(15, 20), 8);
    assert.equal(kept(16, 16), 8);
  });

  test('of a key that runs nothing comes before older ones of a key that does', () => {
    const [running, older, newer] = [job(), job(), job({ fairness: 'b' })];
    assert.deepEqual(startsOf(schedule([writing(running), idle()], [older, newer], anywhere, 0)), [
      [1, newer.id, 0],
    ]);
  });

  test('is refused when it is due, and keeps no slot from others', () => {
    const [late, other] = [job({ dueAt: 5 }), job()];
    const step = schedule([idle()], [late, other], anywhere, 5);
    assert.deepEqual([step.expired, startsOf(step)], [[late], [[0, other.id, 0]]]);
  });
});

test('a job that ran too long is cut and gets no token', () => {
  const [old, young] = [job({ endsAt: 5 }), job({ endsAt: 6 })];
  const step = schedule([writing(old), writing(young)], [], anywhere, 5);
  assert.deepEqual([step.cut, step.writes], [[0], [1]]);
});

test('prompts are read the oldest first, as many as fit into a chunk, beside all that write', () => {
  const reading = (order: number, length: number, filled = 0): Slot<Job> => ({
    ...{ kind: 'reading', filled, order },
    job: job({ prompt: new Array<number>(length).fill(1) }),
  });
  const slots = [reading(7, 5), writing(job()), reading(3, 20), writing(job()), idle()];
  const step = schedule(slots, [job()], anywhere, 0);
  assert.deepEqual([step.reads, step.writes, step.starts.length], [[2], [1, 3], 1]);
  // A last piece of four tokens, and another prompt of four; the third does not fit.
  const several = [reading(2, 4), reading(1, 20, 16), reading(3, 4)];
  assert.deepEqual(schedule(several, [], anywhere, 0).reads, [1, 0]);
});

/** Runs jobs that arrive at random to their end. @returns by job, the turn in which it started. */
function simulated(seed: number, pieces: PromptPieces, slotCount: number): Map<Job, number> {
  const random = new Random(seed);
  const slots: Slot<Job>[] = Array.from({ length: slotCount }, () => idle());
  const left = new Map<Job, number>();
  const started = new Map<Job, number>();
  let waiting: Job[] = [];
  const all: Job[] = [];
  for (let turn = 0; turn < 400 || left.size > 0 || waiting.length > 0; turn++) {
    assert.ok(turn < 4000, 'everything ends');
    if (turn < 400 && random.below(5) < 2) {
      const prompt = Array.from({ length: 1 + random.below(20) }, () => random.below(2));
      const one = job({ prompt, tokens: 1 + random.below(9), fairness: 'abc'[random.below(3)] ?? 'a' });
      waiting.push(one);
      all.push(one);
    }
    const step = schedule(slots, waiting, pieces, turn);
    const touched = [...step.starts.map(({ slot }) => slot), ...step.writes];
    assert.equal(new Set(touched).size, touched.length, 'no slot is used twice');
    const before = [...slots];
    const heldBy = (number: number): readonly number[] => {
      const slot = before[number];
      assert.ok(slot);
      if (slot.kind === 'idle') return slot.past;
      return slot.job.prompt.slice(0, slot.kind === 'reading' ? slot.filled : undefined);
    };
    for (const { slot, job: one, kept, copied } of step.starts) {
      assert.equal(before[slot]?.kind, 'idle');
      const own = copied?.position ?? kept;
      assert.deepEqual(one.prompt.slice(0, own), heldBy(slot).slice(0, own), 'what is kept is a prefix');
      const from = heldBy(copied?.slot ?? slot);
      assert.deepEqual(one.prompt.slice(0, kept), from.slice(0, kept), 'and what is copied');
      assert.ok(kept < one.prompt.length);
      assert.ok(!started.has(one));
      started.set(one, turn);
      slots[slot] = { kind: 'reading', job: one, filled: kept, order: turn };
      left.set(one, one.tokens);
    }
    waiting = waiting.filter((one) => !started.has(one));
    if (waiting.length > 0) assert.ok(!slots.some(({ kind }) => kind === 'idle'), 'no slot is left idle');
    for (const number of step.writes) {
      const slot = slots[number];
      assert.ok(slot?.kind === 'writing');
      const tokens = (left.get(slot.job) ?? 0) - 1;
      left.set(slot.job, tokens);
      if (tokens > 0) continue;
      left.delete(slot.job);
      const past = slot.job.prompt.slice(0, pieces.lasting(slot.job.prompt.length));
      slots[number] = idle(past, turn);
    }
    assert.ok(step.reads.length > 0 || !slots.some(({ kind }) => kind === 'reading'));
    let read = 0;
    for (const number of step.reads) {
      const slot = slots[number];
      assert.ok(slot?.kind === 'reading');
      const { from, to } = pieces.next(slot.job.prompt.length, slot.filled);
      read += to - from;
      slots[number] = to === slot.job.prompt.length ? writing(slot.job) : { ...slot, filled: to };
    }
    assert.ok(read <= pieces.chunk);
  }
  assert.equal(started.size, all.length, 'nobody starves');
  return started;
}

test('jobs that arrive at random all get their turn, each slot one job at a time', () => {
  for (let seed = 0; seed < 20; seed++) {
    const started = simulated(seed, seed % 2 === 0 ? anywhere : wholeChunks, 1 + (seed % 4));
    // Within a key, the order is that of arrival.
    for (const key of 'abc') {
      const turns = [...started]
        .filter(([{ fairness }]) => fairness === key)
        .sort(([one], [other]) => one.id - other.id);
      for (const [at, [, turn]] of turns.entries()) assert.ok(turn >= (turns[at - 1]?.[1] ?? 0));
    }
  }
});

test('somebody who sends a hundred messages does not keep others waiting', () => {
  const flood = Array.from({ length: 100 }, () => job({ fairness: 'flood' }));
  const other = job({ fairness: 'other' });
  const slots: Slot<Job>[] = [
    writing(job({ fairness: 'flood' })),
    idle(),
    writing(job({ fairness: 'flood' })),
  ];
  assert.deepEqual(startsOf(schedule(slots, [...flood, other], anywhere, 0)), [[1, other.id, 0]]);
});
