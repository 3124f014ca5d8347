import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Dialogue, Turn } from '../dialogue.js';
import { Learning, type LearnOptions, learnHint } from './learn.js';
import { SpeakerCounts } from './speakers.js';

/** `Ann: Hi` by turns. `*` before a turn: not to be learned. */
function dialogue(...turns: string[]): Dialogue {
  return {
    source: 'a:1',
    turns: turns.map((words): Turn => {
      const [speaker = '', text = ''] = words.replace(/^\*/, '').split(': ');
      return { text, supervised: !words.startsWith('*'), ...(speaker && { speaker }) };
    }),
  };
}

function learning(options: Partial<LearnOptions>): Learning {
  return new Learning({ learn: [], alias: [], learnRole: null, ...options });
}

/** The turns as text: a learned one in capitals. */
function marked(learn: Learning, given: Dialogue): string[] | undefined {
  return learn
    .marked(given)
    ?.turns.map(({ speaker, text, role, supervised }) =>
      [speaker, role === 'assistant' && supervised ? text.toUpperCase() : text].join(': '),
    );
}

it('makes the turns of one speaker the assistant’s and those of all others context', () => {
  const learn = learning({ learn: ['Ben'] });
  assert.deepEqual(learn.marked(dialogue('Ann: a', 'Ben: b', 'Cem: c', 'Ben: d'))?.turns, [
    { text: 'a', supervised: false, speaker: 'Ann', role: 'user' },
    { text: 'b', supervised: true, speaker: 'Ben', role: 'assistant' },
    { text: 'c', supervised: false, speaker: 'Cem', role: 'user' },
    { text: 'd', supervised: true, speaker: 'Ben', role: 'assistant' },
  ]);
});

it('cuts what others say at the end, and drops dialogues that teach nothing', () => {
  const learn = learning({ learn: ['Ben', 'Cem'] });
  assert.deepEqual(marked(learn, dialogue('Ann: a', 'Ben: b', 'Ann: c')), ['Ann: a', 'Ben: B']);
  assert.deepEqual(marked(learn, dialogue('Ben: a', 'Cem: b')), ['Ben: A', 'Cem: B']);
  assert.equal(marked(learn, dialogue('Ann: a', 'Dan: b')), undefined);
  assert.equal(marked(learn, dialogue('Ben: a', 'Ann: b')), undefined);
  assert.equal(marked(learn, dialogue('Ann: a', '*Ben: b')), undefined);
  assert.deepEqual(learn.notes(), [
    'learns what Ben (4 turns) and Cem (1 turn) said, in 2 dialogues; 3 dialogues in which they answer nothing left out',
  ]);
});

it('leaves dialogues as they are that name nobody', () => {
  const learn = learning({ learn: ['Ben'] });
  const pair: Dialogue = {
    source: 'faq.csv:2',
    turns: [
      { text: 'q', supervised: false, role: 'user' },
      { text: 'a', supervised: true, role: 'assistant' },
    ],
  };
  assert.equal(learn.marked(pair), pair);
  assert.deepEqual(marked(learn, dialogue('Ann: a', 'Ben: b')), ['Ann: a', 'Ben: B']);
  assert.deepEqual(learn.notes(), [
    'learns what Ben (1 turn) said, in 1 dialogue; 1 dialogue without names of speakers learned as usual',
  ]);
});

it('keeps what the file switched off, system turns and tools', () => {
  const learn = learning({ learn: ['Ben'] });
  const system: Turn = { text: 's', supervised: false, role: 'system' };
  const tool: Turn = { text: 't', supervised: false, role: 'tool' };
  const { turns, source } = dialogue('Ann: a', '*Ben: b', 'Ann: c', 'Ben: d');
  assert.deepEqual(
    learn
      .marked({ turns: [system, ...turns.slice(0, 3), tool, ...turns.slice(3)], source })
      ?.turns.map(({ role, supervised }) => [role, supervised]),
    [
      ['system', false],
      ['user', false],
      ['assistant', false],
      ['user', false],
      ['tool', false],
      ['assistant', true],
    ],
  );
});

it('finds names whatever their case and marks, and ids', () => {
  for (const name of ['ann LEE', ' Ann  Lee', '~\u202fAnn\u00a0Lee', '\u200eAnn Lee'])
    assert.deepEqual(marked(learning({ learn: [name] }), dialogue('Ben: a', 'Ann Lee: b')), [
      'Ben: a',
      'Ann Lee: B',
    ]);
  const byId: Turn = { text: 'b', supervised: true, speaker: 'Ann', speakerId: 'user7' };
  const learn = learning({ learn: ['user7'] });
  assert.equal(learn.marked({ turns: [...dialogue('Ben: a').turns, byId], source: 'a:1' })?.turns.length, 2);
});

it('knows a speaker under another name', () => {
  const aliases = { alias: ['Bob=Robert', 'Robert=Rob'] };
  const learn = learning({ ...aliases, learn: ['Bob'] });
  assert.deepEqual(marked(learn, dialogue('Ann: a', 'Bob: b', 'Robert: c', 'Ann: d', 'Rob: e')), [
    'Ann: a',
    'Rob: B\nC',
    'Ann: d',
    'Rob: E',
  ]);
  learn.notes();
  assert.deepEqual(marked(learning(aliases), dialogue('Ann: a', 'Bob: b', 'Robert: c')), [
    'Ann: a',
    'Rob: b\nc',
  ]);
});

it('learns a role that the file gives', () => {
  const turns: Turn[] = [
    { text: 'a', supervised: true, role: 'assistant' },
    { text: 'b', supervised: true, role: 'user' },
  ];
  assert.deepEqual(learning({ learnRole: 'user' }).marked({ turns, source: 'a:1' })?.turns, [
    { text: 'a', supervised: false, role: 'user' },
    { text: 'b', supervised: true, role: 'assistant' },
  ]);
  assert.deepEqual(marked(learning({ learn: ['user'] }), { turns, source: 'a:1' }), [': a', ': B']);
});

it('changes nothing if nobody chose', () => {
  const given = dialogue('Ann: a', 'Ben: b');
  const learn = learning({});
  assert.equal(learn.marked(given), given);
  assert.deepEqual(learn.notes(), []);
});

it('refuses a name that does not occur, and names those that do, the closest first', () => {
  const learn = learning({ learn: ['Alise'] });
  const others = Array.from({ length: 9 }, (_, index) => `S${index}: x`);
  for (const given of [dialogue('Ann: a', 'Ben: b'), dialogue('Ann: a', 'Alice: b'), dialogue(...others)])
    learn.marked(given);
  assert.throws(() => learn.notes(), {
    code: 'speaker-unknown',
    message:
      'learn names "Alise", but nobody has that name (did you mean Alice?); the conversations are of Alice (1 turn), Ann (2 turns), Ben (1 turn), S0 (1 turn), S1 (1 turn), S2 (1 turn), S3 (1 turn), S4 (1 turn) and 4 more',
  });
});

it('suggests somebody of whose name a part is meant', () => {
  const learn = learning({ learn: ['onkl'] });
  learn.marked(dialogue('Onkel Karl: a', 'Ben: b'));
  assert.throws(() => learn.notes(), /nobody has that name \(did you mean Onkel Karl\?\)/);
});

it('refuses a name for conversations without speakers, and an alias of nobody', () => {
  const unnamed = learning({ learn: ['Ann'] });
  unnamed.marked(dialogue(': a', ': b'));
  assert.throws(() => unnamed.notes(), /the conversations do not say who speaks; leave the option out/);
  const aliased = learning({ alias: ['Bob=Robert'] });
  aliased.marked(dialogue('Ann: a', 'Ben: b'));
  assert.throws(
    () => aliased.notes(),
    /alias names "Bob", but nobody has that name; .* Ann \(1 turn\) and Ben/,
  );
  for (const alias of ['Bob', '=Bob', 'Bob=', ''])
    assert.throws(() => learning({ alias: [alias] }), { code: 'option-invalid' });
});

it('says that somebody never answers', () => {
  const learn = learning({ learn: ['Ann'] });
  learn.marked(dialogue('Ann: a', 'Ben: b'));
  assert.throws(() => learn.notes(), /Ann answers nobody in these conversations.*choose somebody else/);
});

it('hints at the option with the names in a chat', () => {
  const counts = new SpeakerCounts();
  for (const { turns } of [dialogue('Ann: a', 'Ben: b', 'Ben: c')])
    for (const turn of turns) counts.add(turn);
  assert.match(
    learnHint(counts.list()).join(),
    /learns to speak as one of them; they are Ben \(2 turns\) and Ann \(1 turn\)/,
  );
  assert.deepEqual(learnHint([]), []);
});
