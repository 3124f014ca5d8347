// What a record says about itself: who speaks, what is learned, and what is missing. One test for each convention that
// people use.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { type LossOn, learntTurns } from './learnt-turns.js';
import { readCorpus } from './read-corpus.js';
import { summaryLines } from './summary.js';

interface Read {
  /** The turns of each dialogue as `role: text`, with a star before learned turns. */
  readonly dialogues: readonly (readonly string[])[];
  /** The summary line of the file, without its name. */
  readonly said: string;
}

function read(records: readonly unknown[], name = 'chats.jsonl', lossOn: LossOn = 'auto'): Read {
  return readText(records.map((record) => JSON.stringify(record)).join('\n'), name, lossOn);
}

function readText(content: string, name: string, lossOn: LossOn = 'auto'): Read {
  return withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)]);
    const [said = ''] = summaryLines(summary);
    return {
      said: said.slice(said.indexOf(': ') + 2),
      dialogues: dialogues.map((dialogue) => {
        const learned = learntTurns(dialogue, lossOn);
        return dialogue.turns.map(
          ({ text, role, speaker }, index) =>
            `${learned[index]?.learned ? '*' : ''}${role ?? speaker ?? '-'}: ${text}`,
        );
      }),
    };
  });
}

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const chat = (...messages: unknown[]) => ({ messages });

describe('who speaks', () => {
  test('the turns of the assistant are learned, including its opening', () => {
    const record = chat(assistant('Welcome!'), user('a ticket'), assistant('Here it is.'), user('thanks'));
    assert.deepEqual(read([record]).dialogues, [
      ['*assistant: Welcome!', 'user: a ticket', '*assistant: Here it is.', 'user: thanks'],
    ]);
    assert.deepEqual(read([record], 'a.json', 'responses').dialogues[0], [
      'assistant: Welcome!',
      '*user: a ticket',
      '*assistant: Here it is.',
      '*user: thanks',
    ]);
  });

  test('in a dialogue without roles, every turn after the first is learned', () => {
    assert.deepEqual(read([{ turns: ['a', 'b', 'c'] }, chat(user('d'), assistant('e'))]).dialogues, [
      ['-: a', '*-: b', '*-: c'],
      ['user: d', '*assistant: e'],
    ]);
    const named = (role: string, content: string) => ({ role, content });
    assert.deepEqual(read([chat(named('Ann', 'a'), named('Ben', 'b'), named('Ann', 'c'))]).dialogues, [
      ['Ann: a', '*Ben: b', '*Ann: c'],
    ]);
  });

  test('consecutive messages of one speaker are one turn', () => {
    const record = chat(user('Hello?'), user('Anybody?'), assistant('Yes.'), assistant('What is it?'));
    const { dialogues, said } = read([record]);
    assert.deepEqual(dialogues, [['user: Hello?\nAnybody?', '*assistant: Yes.\nWhat is it?']]);
    assert.match(said, /; 2 turns joined with the previous turn of the same speaker/);
    const namedUser = (name: string, content: string) => ({ role: 'user', name, content });
    const two = read([chat(namedUser('ann', 'a'), namedUser('ben', 'b'), assistant('c'))]);
    assert.deepEqual(two.dialogues, [['user: a', 'user: b', '*assistant: c']]);
  });

  test('a system field beside a conversation becomes its system turn', () => {
    const records = [
      {
        system: 'Talk like a pirate.',
        conversations: [
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Ahoy!' },
        ],
      },
      { system_prompt: 'Be brief.', text: 'Q', response: 'A' },
    ];
    assert.deepEqual(read(records).dialogues, [
      ['system: Talk like a pirate.', 'user: Hi', '*assistant: Ahoy!'],
      ['system: Be brief.', 'user: Q', '*assistant: A'],
    ]);
  });

  test('an instruction record becomes a question, with its input on the next line, and an answer', () => {
    const records = [
      { instruction: 'Say it in the past.', input: 'I go.', output: 'I went.' },
      { instruction: 'Name a lake.', input: '', output: 'Lake Bled.' },
      { instruction: 'How old is it?', context: 'It was built in 1900.', response: 'From 1900.' },
    ];
    assert.deepEqual(read(records, 'a.json').dialogues, [
      ['user: Say it in the past.\nI go.', '*assistant: I went.'],
      ['user: Name a lake.', '*assistant: Lake Bled.'],
      ['user: How old is it?\nIt was built in 1900.', '*assistant: From 1900.'],
    ]);
  });
});

describe('what is learned', () => {
  test('a message with weight 0 is context', () => {
    const record = chat(user('Capital of Italy?'), { ...assistant('Milan'), weight: 0 }, user('Sure?'), {
      ...assistant('Rome.'),
      weight: 1,
    });
    const { dialogues, said } = read([record]);
    assert.deepEqual(dialogues, [
      ['user: Capital of Italy?', 'assistant: Milan', 'user: Sure?', '*assistant: Rome.'],
    ]);
    assert.match(said, /; 1 turn with weight 0 not learned/);
  });

  test('a reply with a bad label or rating is not learned, in every format', () => {
    const formats = [
      chat(user('q'), assistant('a')),
      {
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      },
      { turns: ['q', 'a'] },
      { text: 'q', response: 'a' },
      { instruction: 'q', output: 'a' },
    ];
    for (const verdict of [{ label: false }, { rating: 'bad' }, { kto_tag: false }, { label: 'undesirable' }])
      for (const record of formats) {
        const { dialogues, said } = read([
          { ...record, ...verdict },
          { text: 'q2', response: 'a' },
        ]);
        assert.deepEqual(
          dialogues.map((turns) => turns.filter((turn) => turn.startsWith('*')).length),
          [0, 1],
          JSON.stringify({ ...record, ...verdict }),
        );
        assert.match(said, /; 1 reply marked as bad and not learned/);
      }
    assert.match(read([{ turns: ['q', 'a'], label: 'greeting' }]).said, /fields not used: label/);
  });

  test('a bad rating applies to the assistant’s last turn, and earlier turns are learned', () => {
    const record = {
      ...chat(user('a'), assistant('b'), user('c'), assistant('d'), user('e')),
      rating: 'bad',
    };
    assert.deepEqual(read([record]).dialogues, [
      ['user: a', '*assistant: b', 'user: c', 'assistant: d', 'user: e'],
    ]);
  });

  test('the last rating of a reply wins, also if the conversation continues from it', () => {
    const turns = (...texts: string[]) => ({ turns: texts });
    const records = [
      { ...turns('hi', 'hello'), rating: 'good' },
      { ...turns('hi', 'hello'), rating: 'bad' },
      { ...turns('hi', 'hello', 'why?', 'because'), rating: 'good' },
    ];
    const { dialogues, said } = read(records);
    assert.deepEqual(dialogues, [
      ['-: hi', '-: hello'],
      ['-: hi', '-: hello', '*-: why?', '*-: because'],
    ]);
    assert.match(said, /; 1 rating replaced by a later rating of the same reply/);
    assert.deepEqual(read(records.slice(0, 2).reverse()).dialogues, [['-: hi', '*-: hello']]);
  });

  test('dialogues after a rating keep their times, what they answer, and their personas', () => {
    const rated = { turns: ['hi', 'hello'], rating: 'good' };
    const record = {
      messages: [
        { role: 'user', content: 'a', time: '2024-05-01T00:00:00Z' },
        { role: 'assistant', content: 'b', reply_to: '1' },
      ],
      persona: ['i like tea.'],
    };
    const { dialogues } = withFiles({ 'a.json': JSON.stringify([rated, record]) }, (folder) =>
      readCorpus([join(folder, 'a.json')]),
    );
    assert.deepEqual(dialogues[1]?.turns, [
      { text: 'a', supervised: true, role: 'user', time: Date.UTC(2024, 4, 1) },
      { text: 'b', supervised: true, role: 'assistant', replyTo: '1' },
    ]);
    assert.deepEqual(dialogues[1]?.persona, ['i like tea.']);
  });

  test('only the chosen answer of a preference pair is learned', () => {
    const records = [
      {
        conversations: [
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Hello' },
          { from: 'human', value: 'A joke?' },
        ],
        chosen: { from: 'gpt', value: 'Knock, knock.' },
        rejected: { from: 'gpt', value: 'No.' },
      },
      { prompt: [user('a')], chosen: [assistant('b')], rejected: [assistant('c')] },
      { prompt: 'd', chosen: [user('d'), assistant('e')], rejected: [user('d'), assistant('f')] },
      { text: 'g', chosen: 'h', rejected: 'i' },
    ];
    const { dialogues, said } = read(records);
    assert.deepEqual(dialogues, [
      ['user: Hi', 'assistant: Hello', 'user: A joke?', '*assistant: Knock, knock.'],
      ['user: a', '*assistant: b'],
      ['user: d', '*assistant: e'],
      ['user: g', '*assistant: h'],
    ]);
    assert.equal(
      said,
      '4 dialogues, 10 turns (messages); 4 preference pairs, of which only the chosen answer is learned',
    );
  });

  test('a tool result is context, and the tool call is left out', () => {
    const call = { role: 'assistant', tool_calls: [{ function: { name: 'clock', arguments: '{}' } }] };
    const result = { role: 'tool', tool_call_id: 'c1', content: '{"hour":9}' };
    const records = [
      chat({ role: 'system', content: 'You know the time.' }, user('Time?'), call),
      chat(user('Time?'), { ...call, content: null }, result, assistant('Nine.')),
      chat(user('Time?'), call, assistant('Nine.')),
      chat(user('Bye'), assistant('See you.')),
    ];
    const { dialogues, said } = read(records);
    assert.deepEqual(dialogues, [
      ['user: Time?', 'tool: {"hour":9}', '*assistant: Nine.'],
      ['user: Bye', '*assistant: See you.'],
    ]);
    assert.match(
      said,
      /; 2 records skipped: fewer than two turns with text \(first on line 1\); 3 tool calls/,
    );
  });
});

describe('what is missing', () => {
  test('no reply is learned across a turn without text', () => {
    const record = chat(user('Hi'), assistant(''), user('Anyone?'), assistant('Yes'));
    const { dialogues, said } = read([record, { turns: ['a', 'b', null, 'c', 'd'] }]);
    assert.deepEqual(dialogues, [
      ['user: Anyone?', '*assistant: Yes'],
      ['-: a', '*-: b'],
      ['-: c', '*-: d'],
    ]);
    assert.match(said, /; 2 empty turns removed, and no reply is learned across the gaps/);
    const answered = chat(user('a'), assistant('b'), user(''), assistant('c'), user('d'), assistant('e'));
    assert.deepEqual(read([answered]).dialogues, [
      ['user: a', '*assistant: b'],
      ['assistant: c', 'user: d', '*assistant: e'],
    ]);
  });

  test('an empty message next to another message of the same speaker leaves no gap', () => {
    const record = chat(user('a'), assistant(null), assistant('b'));
    assert.deepEqual(read([record]).dialogues, [['user: a', '*assistant: b']]);
  });

  test('text parts are joined, and a dialogue with an image is skipped', () => {
    const text = (words: string) => ({ type: 'text', text: words });
    const image = { type: 'image_url', image_url: { url: 'cat.png' } };
    const records = [
      chat(user([text('Look:'), text('a cat')]), assistant([text('Nice!')])),
      chat(user([text('And this?'), image]), assistant('A dog.')),
    ];
    const { dialogues, said } = read(records);
    assert.deepEqual(dialogues, [['user: Look:\na cat', '*assistant: Nice!']]);
    assert.match(said, /; 1 record skipped: a message has an image \(line 2\)/);
  });

  test('a record with null is skipped and counted, a number is read as text, and the case of field names does not matter', () => {
    const records = [
      { text: 'Q', response: null },
      { text: 'How many?', response: 42 },
      { Text: 'Q2', Response: 'A2' },
      {
        Messages: [
          { Role: 'User', Content: 'a' },
          { Role: 'ASSISTANT', Content: 'b' },
        ],
      },
    ];
    const { dialogues, said } = read(records);
    assert.deepEqual(dialogues, [
      ['user: How many?', '*assistant: 42'],
      ['user: Q2', '*assistant: A2'],
      ['user: a', '*assistant: b'],
    ]);
    assert.match(said, /; 1 record skipped: response is null \(line 1\)/);
    const nan = readText('{"text": "Q", "response": NaN}\n{"text": "Q", "response": "A"}\n', 'a.jsonl');
    assert.equal(nan.dialogues.length, 1);
    assert.match(nan.said, /; 1 record skipped: response is null \(line 1\)/);
  });

  test('fields that no reader reads are reported once per file', () => {
    const records = [
      { text: 'a', response: 'b', id: 1, tags: ['x'], note: '' },
      { text: 'c', response: 'd', id: 2, meta: {} },
      chat({ ...user('e'), time: '9:00' }, assistant('f')),
    ];
    assert.equal(read(records).said, '3 dialogues, 6 turns (qa); fields not used: id, tags and message time');
    assert.match(read([{ text: 'a', response: 'b', input: 'c' }]).said, /fields not used: input/);
  });
});

describe('tab-separated lines', () => {
  const kinds: readonly [what: RegExp, lines: readonly string[]][] = [
    [/columns id, text/, ['id\ttext', '7\thello']],
    [/first column is an index/, ['0\thello there', '1\tgood day', '2\tbye']],
  ];

  test('are refused if they are not a question and an answer', () => {
    for (const name of ['chats.tsv', 'chats.txt'])
      for (const [what, lines] of kinds) {
        const said = withFiles({ [name]: `${lines.join('\n')}\n` }, (folder) =>
          refusal('data', () => readCorpus([join(folder, name)])),
        );
        assert.match(said, what);
        assert.match(said, /its lines are .*, not a question and an answer/);
      }
  });

  test('are read if they are a question and an answer, without the header', () => {
    const { dialogues, said } = readText('Question\tAnswer\nhi\thello\nhi\thello again\n', 'a.tsv');
    assert.deepEqual(dialogues, [
      ['-: hi', '*-: hello'],
      ['-: hi', '*-: hello again'],
    ]);
    assert.match(said, /; the first line names the columns and was skipped/);
    assert.equal(readText('1 euro?\tYes.\n3 euros?\tNo.\n', 'a.tsv').dialogues.length, 2);
    assert.equal(readText('0.0 hi EOS 1.0 yes\t1.0 so\n', 'a.txt').dialogues.length, 1);
  });

  test('are split into turns at EOS, also in the reply', () => {
    assert.deepEqual(readText('a\tb EOS c\n', 'a.tsv').dialogues, [['-: a', '*-: b', '*-: c']]);
  });
});
