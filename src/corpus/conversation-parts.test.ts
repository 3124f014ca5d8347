import assert from 'node:assert/strict';
import { it } from 'node:test';
import { conversationParts } from './conversation-parts.js';
import type { RawTurn } from './readers/record.js';
import { Tally } from './tally.js';

function turnsOf(...turns: RawTurn[]): unknown {
  return conversationParts(turns, 'a:1', new Tally())[0]?.turns;
}

const [ann, ben] = [
  { supervised: true, speaker: 'Ann', speakerId: '1' },
  { supervised: true, speaker: 'Ben' },
];

it('keeps the speaker, the time of the first part of a turn, and what it answers', () => {
  assert.deepEqual(
    turnsOf(
      { ...ann, text: 'a', time: 1 },
      { ...ann, text: 'b', time: 2 },
      { ...ben, text: 'c', time: 3, replyTo: '7' },
    ),
    [
      { ...ann, text: 'a\nb', time: 1 },
      { ...ben, text: 'c', time: 3, replyTo: '7' },
    ],
  );
});

it('tells two speakers of one name apart by their ids, and knows one under two names', () => {
  const other = { ...ann, speakerId: '2' };
  const renamed = { ...ann, speaker: 'Anna' };
  assert.deepEqual(turnsOf({ ...ann, text: 'a' }, { ...renamed, text: 'b' }, { ...other, text: 'c' }), [
    { ...ann, text: 'a\nb' },
    { ...other, text: 'c' },
  ]);
});

it('counts halves of characters, which it replaces', () => {
  const tally = new Tally();
  const turns = [
    { ...ann, text: 'a \ud83d' },
    { ...ben, text: '\ufffd \udc00\udc00' },
  ];
  const [dialogue] = conversationParts(turns, 'a:1', tally);
  assert.deepEqual(
    dialogue?.turns.map(({ text }) => text),
    ['a \ufffd', '\ufffd \ufffd\ufffd'],
  );
  assert.equal(tally.counted('loneSurrogate'), 3);
});
