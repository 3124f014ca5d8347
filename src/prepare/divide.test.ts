// Who is trained on and who is evaluated on: what belongs together stays together.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Turn } from '../corpus/dialogue.js';
import type { PreparedDialogue } from '../corpus/prepared/prepared-dialogue.js';
import { type DivideOptions, divide } from './divide.js';
import { PreparedStore } from './prepared-store.js';

const options: DivideOptions = { evalRatio: 0.2, splitBy: 'auto', seed: 42 };

interface Given extends Partial<PreparedDialogue> {
  readonly customer?: string;
  readonly day?: number;
  readonly source?: string;
}

function storeOf(given: readonly Given[]): PreparedStore {
  const store = new PreparedStore();
  for (const [index, { customer, day, source = `chats.jsonl:${index + 1}`, ...rest }] of given.entries()) {
    const question: Turn = {
      ...{ text: `question ${index}`, supervised: false, role: 'user' },
      ...(customer !== undefined && { speaker: customer }),
      ...(day !== undefined && { time: Date.UTC(2026, 0, day) }),
    };
    const answer: Turn = { text: 'answer', supervised: true, role: 'assistant' };
    const dialogue = { turns: [question, answer], source };
    store.push({ id: `id${index}`, changedBy: [], dialogue, ...rest });
  }
  return store;
}

/** No two dialogues are similar. */
const alone = (length: number) => Int32Array.from({ length }, (_, index) => index);

function sidesOf(
  given: readonly Given[],
  changed: Partial<DivideOptions> = {},
  similar = alone(given.length),
) {
  const { train, evaluation } = divide(storeOf(given), similar, { ...options, ...changed });
  return given.map((_, index) =>
    train.includes(index) ? 'train' : evaluation.includes(index) ? 'eval' : 'none',
  );
}

const dialogues = (count: number, made: (index: number) => Given) =>
  Array.from({ length: count }, (_, index) => made(index));

describe('the division', () => {
  it('keeps similar dialogues together whose group has a large number, because others of it were dropped', () => {
    const similar = alone(100).map((index) => 1000 + (index >> 1));
    const sides = sidesOf(
      dialogues(100, () => ({})),
      {},
      similar,
    );
    for (let index = 0; index < 100; index += 2) assert.equal(sides[index], sides[index + 1]);
  });

  it('keeps similar dialogues together', () => {
    const similar = alone(100).map((index) => index >> 1);
    for (let seed = 0; seed < 5; seed++) {
      const sides = sidesOf(
        dialogues(100, () => ({})),
        { seed },
        similar,
      );
      assert.equal(sides.filter((side) => side === 'eval').length, 20);
      for (let index = 0; index < 100; index += 2) assert.equal(sides[index], sides[index + 1]);
    }
  });

  it('keeps the parts of a record together', () => {
    const sides = sidesOf(dialogues(60, (index) => ({ source: `chats.jsonl:${index - (index % 3)}` })));
    for (const [index, side] of sides.entries()) assert.equal(side, sides[index - (index % 3)]);
  });

  it('keeps the dialogues of a customer together if there are enough customers', () => {
    const given = dialogues(100, (index) => ({ customer: `customer ${index % 25}` }));
    const sides = sidesOf(given);
    assert.ok(sides.includes('eval'));
    for (const [index, side] of sides.entries()) assert.equal(side, sides[index % 25]);
    const { notes } = divide(storeOf(given), alone(100), options);
    assert.deepEqual(notes, ['no customer is both trained and evaluated on; there are 25']);
  });

  it('divides a chat of two people, who are in all dialogues', () => {
    const sides = sidesOf(dialogues(100, () => ({ customer: 'Ann' })));
    assert.equal(sides.filter((side) => side === 'eval').length, 20);
    assert.throws(
      () =>
        sidesOf(
          dialogues(9, () => ({ customer: 'Ann' })),
          { splitBy: 'customer' },
        ),
      {
        code: 'corpus-too-small',
      },
    );
  });

  it('sets the newest dialogues aside, unless they are similar to old ones', () => {
    const similar = alone(10).map((index) => (index === 9 ? 0 : index));
    const given = dialogues(10, (index) => ({ day: 1 + index }));
    const sides = sidesOf(given, { splitBy: 'time', evalRatio: 0.3 }, similar);
    assert.deepEqual(sides, [...Array(7).fill('train'), 'eval', 'eval', 'train']);
    assert.throws(
      () =>
        sidesOf(
          dialogues(9, () => ({})),
          { splitBy: 'time' },
        ),
      { code: 'corpus-too-small' },
    );
  });

  it('evaluates on no augmented dialogue, and trains on none whose original is evaluated on', () => {
    const given = dialogues(40, (index) =>
      index % 2 === 0 ? {} : { augmented: { from: `id${index - 1}`, by: 'synonyms' } },
    );
    const sides = sidesOf(given);
    assert.ok(sides.includes('eval'));
    for (let index = 0; index < 40; index += 2)
      assert.equal(sides[index + 1], sides[index] === 'eval' ? 'none' : 'train');
  });
});
