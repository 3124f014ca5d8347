// Questions for review that are nearly the same form one group.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ReviewEntry } from '../store/store.js';
import { reviewGroups } from './review-groups.js';

const entry = (id: number, question: string, more: Partial<ReviewEntry> = {}): ReviewEntry => ({
  ...{ id, question, previous: null, reason: 'unanswered', said: null, proposed: null, count: 1, time: id },
  ...more,
});

const idsOf = (entries: readonly ReviewEntry[]) =>
  reviewGroups(entries).map(({ first, others }) => [first.id, ...others.map(({ id }) => id)]);

it('groups wordings of one question, and nothing else', () => {
  const entries = [
    entry(1, 'Do you sell gift cards?', { count: 5 }),
    entry(2, 'Where is the shop?', { count: 4 }),
    entry(3, 'hi, do you sell gift cards please', { count: 2, proposed: 'Yes.' }),
    entry(4, 'Do you sell green cards?', { count: 2 }),
    entry(5, '你们卖礼品卡吗？'),
    entry(6, '请问你们卖礼品卡吗'),
    entry(7, 'do you sel gift cards', { proposed: 'Yes.' }),
    entry(8, '???'),
  ];
  assert.deepEqual(idsOf(entries), [[1, 3, 7], [2], [4], [5, 6], [8]]);
  const [cards] = reviewGroups(entries);
  assert.equal(cards?.count, 8);
  assert.deepEqual(cards.proposed, ['Yes.']);
});

it('makes no groups of nothing, and is quick with many entries', () => {
  assert.deepEqual(reviewGroups([]), []);
  const many = Array.from({ length: 3000 }, (_, index) =>
    entry(index + 1, `what about item ${index % 1000}`),
  );
  assert.equal(reviewGroups(many).length, 1000);
});
