// OpenAssistant's conversations, as trees and as rows of messages.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFiles } from '../../../test/written-files.js';
import { type ReadOptions, readCorpus } from '../read-corpus.js';
import { summaryLines } from '../summary.js';

/** Each turn as text; one that is only context in brackets. */
function read(content: string | Uint8Array, options: Partial<ReadOptions> = {}, name = 'oasst.jsonl') {
  return withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)], options);
    return {
      talk: dialogues.map(({ turns }) =>
        turns
          .map(({ text, role, supervised }) => `${role?.[0]} ${supervised ? text : `(${text})`}`)
          .join(', '),
      ),
      said: summaryLines(summary).join('\n'),
      times: dialogues[0]?.turns.map(({ time }) => time),
    };
  });
}

const lines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

describe('trees', () => {
  const reply = (text: string, role: string, more = {}) => ({ text, role, replies: [], ...more });
  const tree = {
    message_tree_id: '1',
    tree_state: 'ready_for_export',
    prompt: reply('Hi!', 'prompter', {
      replies: [
        reply('second', 'assistant', { rank: 1 }),
        reply('gone', 'assistant', { rank: 0, deleted: true }),
        reply('first', 'assistant', { rank: 0, replies: [reply('Thanks', 'prompter')] }),
      ],
    }),
  };

  it('give the best reply that is not deleted', () => {
    const { talk, said } = read(lines([tree]));
    assert.deepEqual(talk, ['u Hi!, a first, u Thanks']);
    assert.match(said, /1 other reply to the same message left out/);
  });

  it('give every reply if all are asked for, each learned once', () => {
    const { talk, said } = read(lines([tree]), { branches: 'all' });
    assert.deepEqual(talk, ['u Hi!, a first, u Thanks', 'u (Hi!), a second']);
    assert.doesNotMatch(said, /left out/);
  });
});

describe('rows of messages', () => {
  const row = (id: string, parent: string | null, text: string, more: object = {}) => ({
    message_id: id,
    parent_id: parent,
    message_tree_id: '1',
    role: id.length % 2 === 1 ? 'prompter' : 'assistant',
    text,
    rank: null,
    ...more,
  });
  // The length of an id is the place in the conversation.
  const rows = [
    row('ab', 'a', 'second', { rank: 1 }),
    row('ac', 'a', 'first', { rank: 0 }),
    row('a', null, 'Hi!', { created_date: '2023-02-05T14:23:50.983374+00:00', lang: 'en' }),
    row('aca', 'ac', 'Thanks'),
    row('aba', 'ab', 'What?'),
    row('acaa', 'aca', 'Bye'),
    row('b', null, 'Other'),
    row('ba', 'b', 'Tree'),
  ];

  it('are put back into trees, in whatever order they come, and give the best reply at each step', () => {
    const { talk, said, times } = read(lines(rows));
    assert.deepEqual(talk, ['u Hi!, a first, u Thanks, a Bye', 'u Other, a Tree']);
    assert.match(
      said,
      /\(oasst-messages\); 1 other reply to the same message left out \(.+ reads it\); fields not used: lang/,
    );
    assert.deepEqual(times, [Date.UTC(2023, 1, 5, 14, 23, 50, 983), undefined, undefined, undefined]);
    assert.deepEqual(read(lines(rows.toReversed())).talk.toSorted(), talk);
  });

  it('give every reply if all are asked for, each learned once', () => {
    assert.deepEqual(read(lines(rows), { branches: 'all' }).talk, [
      'u Hi!, a first, u Thanks, a Bye',
      'u (Hi!), a second, u What?',
      'u Other, a Tree',
    ]);
  });

  it('that are deleted, rejected or spam are left out with what they began, and counted', () => {
    const marks = [
      { deleted: true },
      { review_result: false },
      { labels: { spam: { value: 0.9, count: 3 } } },
      { labels: { name: ['quality', 'spam'], value: [0.9, 0.8], count: [3, 3] } },
    ];
    for (const mark of marks) {
      const { talk, said } = read(
        lines(rows.map((one) => (one.text === 'first' ? { ...one, ...mark } : one))),
      );
      assert.deepEqual(talk, ['u Hi!, a second, u What?', 'u Other, a Tree'], JSON.stringify(mark));
      assert.match(said, /1 record skipped: a message that is deleted or was rejected \(line 2\)/);
      assert.match(said, /2 records skipped: below a message that is left out, or in a circle/);
    }
  });

  it('whose parents are missing, or that answer each other in a circle, are left out and counted', () => {
    const lost = row('zz', 'nobody', 'lost');
    const circle = [row('ca', 'cb', 'x'), row('cb', 'ca', 'y')];
    const { talk, said } = read(lines([...rows, lost, ...circle, rows[0] ?? {}]));
    assert.equal(talk.length, 2);
    assert.match(said, /1 record skipped: the message that it answers is not in the file \(line 9\)/);
    assert.match(
      said,
      /2 records skipped: below a message that is left out, or in a circle \(first on line 10\)/,
    );
    assert.match(said, /1 record skipped: message_id is not the only one \(line 12\)/);
  });

  it('are read from Parquet', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const column = (name: 'message_id' | 'parent_id' | 'text' | 'role' | 'rank') =>
      rows.map((one) => one[name]);
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'message_id', data: column('message_id'), type: 'STRING' },
        { name: 'parent_id', data: column('parent_id'), type: 'STRING' },
        { name: 'text', data: column('text'), type: 'STRING' },
        { name: 'role', data: column('role'), type: 'STRING' },
        { name: 'rank', data: column('rank'), type: 'DOUBLE' },
      ],
    });
    const { talk } = read(new Uint8Array(file), {}, 'train.parquet');
    assert.deepEqual(talk, ['u Hi!, a first, u Thanks, a Bye', 'u Other, a Tree']);
  });

  it('in one long branch are read to the end, and repeat little of it in other branches', () => {
    const chain = Array.from({ length: 120 }, (_, index) => ({
      ...row(`m${index}`, index === 0 ? null : `m${index - 1}`, `t${index}`),
      role: index % 2 === 0 ? 'prompter' : 'assistant',
    }));
    const late = { ...row('late', 'm118', 'late'), role: 'assistant' };
    const { talk } = read(lines([...chain, late]), { branches: 'all' });
    assert.deepEqual(
      talk.map((turns) => turns.split(', ').length),
      [120, 51],
    );
  });
});
