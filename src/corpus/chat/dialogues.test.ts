import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Chats, type CutChats } from './dialogues.js';
import type { ChatMessage } from './message.js';

const minute = 60_000;

/** `Ann: text` at a minute of a day, with what differs from a plain message. */
function said(at: number | null, words: string, more: Partial<ChatMessage> = {}): ChatMessage {
  const [speaker = '', text = ''] = words.split(': ');
  const time = at === null ? null : at * minute;
  return { chat: 'c', speaker, time, text, kind: 'text', line: 1, file: 'chat.txt', ...more };
}

const picture = { kind: 'cut', text: '' } as const;

function cut(messages: readonly ChatMessage[], pause: number | 'auto' = 60 * minute): CutChats {
  const chats = new Chats();
  for (const message of messages) chats.add(message);
  return chats.cut(pause);
}

/** The dialogues as text. A turn that is only context is in brackets. */
function dialoguesOf(messages: readonly ChatMessage[], pause?: number | 'auto'): string[][] {
  return [...cut(messages, pause).dialogues()].map(({ turns }) =>
    turns.map(({ speaker, text, supervised }) => {
      const words = `${speaker}: ${text}`;
      return supervised ? words : `[${words}]`;
    }),
  );
}

it('cuts a chat at its pauses', () => {
  assert.deepEqual(
    dialoguesOf([said(0, 'Ann: Hi'), said(5, 'Ben: Hello'), said(66, 'Ann: There?'), said(67, 'Ben: Yes')]),
    [
      ['Ann: Hi', 'Ben: Hello'],
      ['Ann: There?', 'Ben: Yes'],
    ],
  );
});

it('measures a pause from the last message, also from a picture', () => {
  assert.equal(dialoguesOf([said(0, 'Ann: a'), said(60, 'Ben: b'), said(120, 'Ann: c')]).length, 1);
  assert.deepEqual(dialoguesOf([said(0, 'Ann: a'), said(50, 'Ben: ', picture), said(100, 'Ann: b')]), [
    ['Ann: a'],
    ['[Ann: b]'],
  ]);
});

it('puts messages in order of time and keeps the order of equal times', () => {
  assert.deepEqual(
    dialoguesOf([said(3, 'Ann: 3'), said(1, 'Ann: 1'), said(2, 'Ben: 2'), said(2, 'Ann: 2, too')]),
    [['Ann: 1', 'Ben: 2', 'Ann: 2, too', 'Ann: 3']],
  );
});

it('leaves a message without a time where it is', () => {
  assert.deepEqual(dialoguesOf([said(9, 'Ann: a'), said(null, 'Ben: b'), said(10, 'Ann: c')]), [
    ['Ann: a', 'Ben: b', 'Ann: c'],
  ]);
});

it('never mixes chats', () => {
  const other = { chat: 'd' };
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: a'),
      said(0, 'Cem: x', other),
      said(1, 'Ben: b'),
      said(1, 'Ann: y', { ...other, replyTo: '1' }),
    ]),
    [['Ann: a', 'Ben: b'], ['Cem: x'], ['[Ann: y]']],
  );
});

it('ends a dialogue at a picture and learns nothing that may answer it', () => {
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: Look'),
      said(1, 'Ann: ', picture),
      said(2, 'Ben: Wow'),
      said(3, 'Ben: Nice'),
      said(4, 'Ann: Yes'),
      said(5, 'Ben: Bye'),
    ]),
    [['Ann: Look'], ['[Ben: Wow]', '[Ben: Nice]', 'Ann: Yes', 'Ben: Bye']],
  );
});

it('learns what opens a dialogue if the picture is long ago', () => {
  assert.deepEqual(dialoguesOf([said(0, 'Ann: ', picture), said(300, 'Ben: Hi'), said(301, 'Ann: Hi')]), [
    ['Ben: Hi', 'Ann: Hi'],
  ]);
});

it('leaves out stickers and system lines without a trace', () => {
  const aside = { kind: 'aside', text: '' } as const;
  assert.deepEqual(dialoguesOf([said(0, 'Ann: a'), said(1, ': ', aside), said(2, 'Ben: b')]), [
    ['Ann: a', 'Ben: b'],
  ]);
});

it('lets a late reply join the dialogue of what it answers', () => {
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: Dinner on Friday?', { id: '1' }),
      said(500, 'Ann: Good morning'),
      said(501, 'Ben: Sure', { replyTo: '1' }),
      said(502, 'Ann: Great'),
    ]),
    [['Ann: Dinner on Friday?', 'Ben: Sure', 'Ann: Great'], ['Ann: Good morning']],
  );
});

it('gives a late reply the context of what it answers alone if the talk went on since', () => {
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: Dinner?', { id: '1' }),
      said(1, 'Ben: Wait'),
      said(2, 'Ann: OK'),
      said(500, 'Ben: Dinner is fine', { replyTo: '1' }),
    ]),
    [
      ['Ann: Dinner?', 'Ben: Wait', 'Ann: OK'],
      ['[Ann: Dinner?]', 'Ben: Dinner is fine'],
    ],
  );
});

it('keeps the order of a dialogue of two although they answer by name', () => {
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: a', { id: '1' }),
      said(1, 'Ann: b', { id: '2' }),
      said(2, 'Ben: to b', { id: '3', replyTo: '2' }),
      said(3, 'Ben: to a', { replyTo: '1' }),
    ]),
    [['Ann: a', 'Ann: b', 'Ben: to b', 'Ben: to a']],
  );
});

it('follows the chain of answers in a group', () => {
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: Pizza?', { id: '1' }),
      said(1, 'Ben: Who saw the match?', { id: '2' }),
      said(2, 'Cem: Me, please', { id: '3', replyTo: '1' }),
      said(3, 'Ann: One for Cem'),
      said(4, 'Dan: I did', { id: '4', replyTo: '2' }),
      said(5, 'Ann: With olives?', { id: '5', replyTo: '3' }),
    ]),
    [
      ['Ann: Pizza?', 'Ben: Who saw the match?', 'Dan: I did'],
      ['[Ann: Pizza?]', 'Cem: Me, please', 'Ann: One for Cem'],
      ['[Ann: Pizza?]', '[Cem: Me, please]', 'Ann: With olives?'],
    ],
  );
});

it('learns no reply whose question is missing, and counts it', () => {
  const messages = [
    said(0, 'Ann: ', { ...picture, id: '1' }),
    said(1, 'Ann: So', { id: '2' }),
    said(2, 'Ben: Lovely', { replyTo: '1' }),
    said(3, 'Ann: Thanks'),
    said(4, 'Ben: To something deleted', { replyTo: '9' }),
  ];
  assert.deepEqual(dialoguesOf(messages), [
    ['[Ann: So]'],
    ['[Ben: Lovely]', 'Ann: Thanks'],
    ['[Ben: To something deleted]'],
  ]);
  assert.equal(cut(messages).lostReplies, 2);
});

it('survives replies in a circle and to themselves', () => {
  const circle = [
    said(0, 'Ann: a', { id: '1', replyTo: '2' }),
    said(1, 'Ben: b', { id: '2', replyTo: '1' }),
    said(2, 'Cem: c', { id: '3', replyTo: '3' }),
  ];
  assert.deepEqual(dialoguesOf(circle), [['[Ann: a]', 'Ben: b'], ['[Cem: c]']]);
});

it('keeps a thread together across pauses and apart from the rest', () => {
  const thread = { thread: 't', replyTo: '1' };
  assert.deepEqual(
    dialoguesOf([
      said(0, 'Ann: Printer is broken', { id: '1', thread: 't' }),
      said(1, 'Ben: Lunch?'),
      said(2, 'Cem: Which one?', thread),
      said(3, 'Dan: Yes'),
      said(900, 'Ann: The blue one', thread),
    ]),
    [
      ['Ann: Printer is broken', 'Cem: Which one?', 'Ann: The blue one'],
      ['Ben: Lunch?', 'Dan: Yes'],
    ],
  );
});

it('knows a speaker by id under every name, and two speakers of one name by their ids', () => {
  const turns = [
    ...cut([
      said(0, 'Bob: a', { speakerId: '1' }),
      said(1, 'Robert: b', { speakerId: '1' }),
      said(2, 'Robert: c', { speakerId: '2' }),
    ]).dialogues(),
  ].flatMap((dialogue) => dialogue.turns);
  assert.deepEqual(
    turns.map(({ speaker, speakerId }) => [speaker, speakerId]),
    [
      ['Robert', '1'],
      ['Robert', '1'],
      ['Robert', '2'],
    ],
  );
});

it('keeps time, role and what a message answers', () => {
  const [dialogue] = cut([
    said(1, 'Ann: a', { id: '1', role: 'user', line: 7 }),
    said(2, 'Ben: b', { replyTo: '1', line: 9 }),
  ]).dialogues();
  assert.deepEqual(dialogue, {
    source: 'chat.txt:7',
    turns: [
      { text: 'a', supervised: true, role: 'user', speaker: 'Ann', time: minute },
      { text: 'b', supervised: true, speaker: 'Ben', time: 2 * minute, replyTo: '1' },
    ],
  });
});

it('says which pause it chose, and none for a chat without times', () => {
  assert.deepEqual(cut([said(0, 'Ann: a'), said(1, 'Ben: b')], 'auto').pause, {
    milliseconds: 60 * minute,
    reason: 'unclear',
  });
  assert.equal(cut([said(null, 'Ann: a'), said(null, 'Ben: b')]).pause, null);
});
