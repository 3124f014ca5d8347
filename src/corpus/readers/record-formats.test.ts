// The shapes of records that public corpora and tutorials use.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFiles } from '../../../test/written-files.js';
import { readCorpus } from '../read-corpus.js';

/** The dialogues in a JSON document: `role: text` for each turn, with `*` before what is learned. */
const read = (document: unknown) => readText(JSON.stringify(document));
const readLines = (values: readonly unknown[], lineEnd = '\n') =>
  readText(values.map((value) => JSON.stringify(value) + lineEnd).join(''));
const readText = (content: string) =>
  withFiles({ 'a.json': content }, (folder) =>
    readCorpus([join(folder, 'a.json')]).dialogues.map(({ turns }) =>
      turns.map(
        ({ text, role, speaker, supervised }) => `${supervised ? '*' : ''}${role ?? speaker ?? '-'}: ${text}`,
      ),
    ),
  );

const pair = [['*user: a', '*assistant: b']];

describe('questions and answers', () => {
  it('are read under the names that corpora use', () => {
    for (const record of [
      { question: 'a', answer: 'b' },
      { Question: 'a', Answer: 'b', id: 7 },
      { prompt: 'a', completion: 'b' },
      { input: 'a', output: 'b' },
      { query: 'a', response: 'b' },
      { q: 'a', a: 'b' },
      { 问题: 'a', 答案: 'b' },
      { question: 'a', answers: { text: ['b'], answer_start: [3] } },
    ])
      assert.deepEqual(read([record]), pair, JSON.stringify(record));
  });

  it('with several answers give a dialogue for each', () => {
    assert.deepEqual(read([{ question: 'a', human_answers: ['b', 'c'], chatgpt_answers: ['d'] }]), [
      ['*user: a', '*assistant: b'],
      ['*user: a', '*assistant: c'],
    ]);
  });

  it('of the old fine-tuning format lose their separators', () => {
    assert.deepEqual(read([{ prompt: 'a\n\n###\n\n', completion: ' b END' }]), pair);
    assert.deepEqual(read([{ prompt: 'a ->', completion: ' b###' }]), pair);
    assert.deepEqual(read([{ prompt: 'a', completion: 'THE END' }]), [['*user: a', '*assistant: THE END']]);
  });

  it('of intents are drawn by the text of the pattern', () => {
    const intents = [
      { tag: 'hello', patterns: ['Hi', 'Good day', 'Hey', 'Yo'], responses: ['Hello!', 'Welcome'] },
      { tag: 'bye', patterns: ['Bye'], responses: ['See you'] },
      { tag: 'noanswer', patterns: [], responses: ['What?'] },
    ];
    const dialogues = read({ intents });
    assert.deepEqual(
      dialogues.map(([question]) => question),
      ['*user: Hi', '*user: Good day', '*user: Hey', '*user: Yo', '*user: Bye'],
    );
    assert.deepEqual(read({ intents }), dialogues);
    assert.equal(new Set(dialogues.slice(0, 4).map(([, answer]) => answer)).size, 2);
  });
});

describe('transcripts', () => {
  it('are read under the names that corpora use', () => {
    for (const record of [
      {
        conversation_id: 'x',
        model: 'm',
        conversation: [
          { content: 'a', role: 'user' },
          { content: 'b', role: 'assistant' },
        ],
      },
      {
        conversation_id: 'x',
        utterances: [
          { index: 0, speaker: 'USER', text: 'a' },
          { index: 1, speaker: 'ASSISTANT', text: 'b' },
        ],
      },
      {
        dialog: [
          { id: 0, sender: 'Human', text: 'a' },
          { id: 1, sender: 'Bot', text: 'b' },
        ],
        users: [],
      },
      {
        dialogue_id: '1',
        turns: [
          { speaker: 'USER', utterance: 'a' },
          { speaker: 'SYSTEM', utterance: 'b' },
        ],
      },
      {
        messages: [
          { from: 'prompter', text: 'a' },
          { from: 'bot', text: 'b' },
        ],
      },
    ])
      assert.deepEqual(read([record]), pair, JSON.stringify(record));
  });

  it('without speakers keep every message as a turn', () => {
    assert.deepEqual(
      read([{ messages: [{ message: '你好' }, { message: '你好呀', attrs: [] }], name: 'x' }]),
      [['*-: 你好', '*-: 你好呀']],
    );
    for (const record of [
      { id: '0', data: ['a', 'b'] },
      { dialog: ['a', 'b'], act: [1, 2] },
      ['a', 'b'],
      { dialogue: [{ text: 'a', emotion: 'no' }, { text: 'b' }], topic: 'x' },
      { goal: {}, log: [{ text: 'a', metadata: {} }, { text: 'b' }] },
    ])
      assert.deepEqual(read([record]), [['*-: a', '*-: b']]);
    assert.deepEqual(read({ data: [{ text: 'a', response: 'b' }] }), pair);
  });

  it('name their speakers by numbers and ids', () => {
    const thread = [
      { userId: 'Ann', text: 'a' },
      { userId: 'Bob', text: 'b' },
    ];
    assert.deepEqual(read([{ dialogId: 1, thread, users: [] }]), [['*Ann: a', '*Bob: b']]);
    const dialog = [
      [0, 'a'],
      [1, 'b'],
    ];
    assert.deepEqual(read([{ dialog, personas: [] }]), [['*0: a', '*1: b']]);
  });

  it('are lists of texts, in a list or one per line', () => {
    const lists = [
      ['a', 'b'],
      ['c', 'd', 'e'],
      ['f', 'g'],
    ];
    const wanted = lists.map((texts) => texts.map((text) => `*-: ${text}`));
    assert.deepEqual(read(lists), wanted);
    assert.deepEqual(readLines(lists), wanted);
    assert.deepEqual(readLines(lists, '\n\n'), wanted);
    assert.deepEqual(readLines([...lists, { text: 'a', response: 'b' }]), [...wanted, ...pair]);
  });

  it('are found in a list named conversations', () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    assert.deepEqual(read({ conversations: [{ messages }, { messages }] }), [...pair, ...pair]);
    const parts = messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] }));
    assert.deepEqual(read([{ conversations: parts }]), pair);
  });

  it('are found as the values of an object', () => {
    const content = [
      { message: 'a', agent: 'agent_1' },
      { message: 'b', agent: 'agent_2' },
    ];
    assert.deepEqual(read({ t_1: { article_url: 'x', content }, t_2: { article_url: 'y', content } }), [
      ['*agent_1: a', '*agent_2: b'],
      ['*agent_1: a', '*agent_2: b'],
    ]);
  });

  it('keep a system message as context', () => {
    const messages = [
      { role: 'system', content: 's' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    assert.deepEqual(read([{ messages }]), [['system: s', '*user: a', '*assistant: b']]);
  });
});
