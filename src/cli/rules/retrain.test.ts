// Which accepted answers are learned, and which are held out.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pairGroups } from './retrain.js';

const pair = (question: string, answer: string) => ({ question, answer, previous: null, source: 'review:1' });

it('keeps wordings of one question together, and those of one telling answer', () => {
  const pairs = [
    pair('Do you deliver on Sundays?', 'We never deliver on Sundays.'),
    pair('Where are you?', 'In Berlin.'),
    pair('Can I get it on a weekend?', 'We never deliver on Sundays!'),
    pair('do you deliver on sunday', 'No.'),
    pair('Can I pay by card?', 'No.'),
  ];
  const groups = pairGroups(pairs).map((group) => group.map(({ question }) => question).sort());
  assert.deepEqual(groups.map((group) => group.length).sort(), [1, 1, 3]);
  assert.deepEqual(
    groups.find((group) => group.length === 3),
    ['Can I get it on a weekend?', 'Do you deliver on Sundays?', 'do you deliver on sunday'],
  );
  // The order does not depend on that of the pairs.
  const again = pairGroups(pairs.toReversed()).map((group) => group.map(({ question }) => question).sort());
  assert.deepEqual(again, groups);
});
