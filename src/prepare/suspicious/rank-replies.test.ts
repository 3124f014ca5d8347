// Replies are ranked among those of about their length.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rankedBy, scoresOf } from './rank-replies.js';
import { ScoredReplies } from './reply-scorer.js';

function replies(list: readonly (readonly [tokens: number, loss: number])[]): ScoredReplies {
  const scored = new ScoredReplies();
  for (const [turn, [tokens, loss]] of list.entries()) scored.push({ dialogue: 0, turn, tokens, loss });
  return scored;
}

const steady = (tokens: number, around: number, spread: number, count = 400) =>
  Array.from(
    { length: count },
    (_, index) => [tokens, around + (index % 2 === 0 ? spread : -spread)] as const,
  );

test('a long reply with an odd loss comes before short ones with a higher loss', () => {
  const list = [...steady(3, 5, 2), ...steady(40, 3, 0.2), [40, 4] as const];
  const scores = scoresOf(replies(list));
  assert.equal(rankedBy(scores)[0], list.length - 1);
  assert.ok((scores[list.length - 1] ?? 0) > 4);
});

test('a score is the distance from the mean in standard deviations', () => {
  const scores = scoresOf(
    replies([
      [5, 1],
      [5, 3],
    ]),
  );
  assert.deepEqual([...scores], [-1, 1]);
});

test('lengths with few replies are ranked together with their neighbours', () => {
  const list = [...steady(4, 3, 1), [5, 9] as const, [900, 9] as const];
  const scores = scoresOf(replies(list));
  for (const index of [400, 401]) assert.ok((scores[index] ?? 0) > 3);
});

test('equal losses have the score 0 and keep their order', () => {
  const scores = scoresOf(
    replies([
      [2, 1],
      [2, 1],
      [2, 1],
    ]),
  );
  assert.deepEqual([...scores], [0, 0, 0]);
  assert.deepEqual([...rankedBy(scores)], [0, 1, 2]);
});

test('no replies have no scores', () => {
  assert.equal(scoresOf(replies([])).length, 0);
});
