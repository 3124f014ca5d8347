import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Turn } from '../../corpus/dialogue.js';
import { turnsToVary } from './turns-to-vary.js';

/** `u` and `a` are user and assistant, `s` and `t` system and tool, others are speakers. A capital letter is not learned. */
function turnsOf(speakers: string): Turn[] {
  const roles = { u: 'user', a: 'assistant', s: 'system', t: 'tool' } as const;
  return [...speakers].map((letter, index): Turn => {
    const name = letter.toLowerCase();
    const role = name === 'u' || name === 'a' || name === 's' || name === 't' ? roles[name] : undefined;
    return {
      text: `turn ${index}`,
      supervised: letter === name && role !== 'system' && role !== 'tool',
      ...(role ? { role } : name !== '-' && { speaker: name }),
    };
  });
}

const cases: readonly (readonly [speakers: string, context: readonly number[], all: readonly number[]])[] = [
  ['Ua', [0], [0, 1]],
  ['uaua', [0, 2], [0, 1, 2, 3]],
  ['suatau', [1], [1, 2, 4]],
  ['UaUA', [0], [0, 1]],
  ['xyxz', [0, 1, 2], [0, 1, 2, 3]],
  ['xyxy', [0, 2], [0, 1, 2, 3]],
  ['----', [0, 2], [0, 1, 2, 3]],
  ['---', [1], [0, 1, 2]],
  ['UA', [], []],
  ['a', [], []],
];

for (const [speakers, context, all] of cases)
  it(`what others say before ${speakers} is varied`, () => {
    const turns = turnsOf(speakers);
    assert.deepEqual(turnsToVary({ turns, source: 'a:1' }, 'context'), context);
    assert.deepEqual(turnsToVary({ turns, source: 'a:1' }, 'all'), all);
  });

it('a turn without end is not varied', () => {
  const [asked, answer] = turnsOf('Ua');
  assert.ok(asked && answer);
  const turns = [{ ...asked, text: 'x'.repeat(10_001) }, answer];
  assert.deepEqual(turnsToVary({ turns, source: 'a:1' }, 'context'), []);
});
