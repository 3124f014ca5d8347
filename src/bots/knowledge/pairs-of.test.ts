// Which turns of a dialogue become questions and answers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Turn } from '../../corpus/dialogue.js';
import { pairsOf } from './pairs-of.js';

type Said = readonly [text: string, role?: Turn['role'], supervised?: boolean];

const pairs = (...said: Said[]) =>
  pairsOf({
    turns: said.map(([text, role, supervised = true]) => ({ text, supervised, ...(role && { role }) })),
    source: 'faq.csv:3',
  }).map(({ previous, question, answer }) => [previous, question, answer]);

describe('the pairs of a dialogue', () => {
  it('are each reply with what it answers, and what was said before', () => {
    assert.deepEqual(pairs(['Hi'], ['Hello'], ['Open?'], ['Until 6']), [
      [null, 'Hi', 'Hello'],
      ['Hi', 'Hello', 'Open?'],
      ['Hello', 'Open?', 'Until 6'],
    ]);
    assert.equal(pairsOf({ turns: [], source: 'x' }).length + pairs(['alone']).length, 0);
  });

  it("are only the assistant's replies, where roles are known", () => {
    assert.deepEqual(pairs(['Be brief', 'system'], ['Hi', 'user'], ['Hello', 'assistant'], ['Bye', 'user']), [
      [null, 'Hi', 'Hello'],
    ]);
  });

  it('leave out what is not learned, but keep it as what was said before', () => {
    assert.deepEqual(
      pairs(['Hi', 'user'], ['Oops', 'assistant', false], ['Open?', 'user'], ['Until 6', 'assistant']),
      [['Oops', 'Open?', 'Until 6']],
    );
  });

  it('are no answers to tools, to the assistant itself, or of empty texts', () => {
    assert.deepEqual(pairs(['Hi', 'user'], ['{"a":1}', 'tool'], ['It is 1', 'assistant']), []);
    assert.deepEqual(pairs(['Hello', 'assistant'], ['Anybody there?', 'assistant']), []);
    assert.deepEqual(pairs([' '], ['x'], ['']), []);
    assert.deepEqual(pairs(['x'.repeat(2001)], ['too long a question']), []);
  });

  it('are left out with a reason', () => {
    const reasons: string[] = [];
    const said = (...texts: string[]) =>
      pairsOf({ turns: texts.map((text) => ({ text, supervised: true })), source: 'x' }, (why) =>
        reasons.push(why),
      );
    assert.equal(said('x'.repeat(2001), 'a', 'y'.repeat(10_001), ' ').length, 0);
    assert.deepEqual(reasons, [
      'a question of more than 2,000 characters',
      'more than 10,000 characters',
      'no text',
    ]);
  });
});
