import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { readCorpus } from './read-corpus.js';

const pair = (text: string) => `{"text": "${text}", "response": "Yes."}\n`;
const pairs = (count: number) => Array.from({ length: count }, (_, index) => pair(`Question ${index}?`));

/** Reads one file, and takes the folder's path out of errors. */
function read(content: string, maxBadRatio = 1, name = 'chats.jsonl') {
  return withFiles({ [name]: content }, (folder) => {
    try {
      return readCorpus([join(folder, name)], { maxBadRatio });
    } catch (thrown) {
      if (thrown instanceof Error) thrown.message = thrown.message.replaceAll(`${folder}/`, '');
      throw thrown;
    }
  });
}

const refused = (content: string, maxBadRatio?: number, name?: string) =>
  refusal('data', () =>
    withFiles({ [name ?? 'chats.jsonl']: content }, (folder) =>
      readCorpus([join(folder, name ?? 'chats.jsonl')], { maxBadRatio: maxBadRatio ?? 1 }),
    ),
  ).replace(/\/\S*\/(?=chats)/g, '');

describe('a record that cannot be read', () => {
  it('is left out and counted with its line and reason: a broken line, a line that was cut off, another shape', () => {
    const lines = [
      ...pairs(3),
      '{"text": "a" "response": "b"}\n',
      '{"other": 1}\n',
      ...pairs(3),
      '{"text": "cut o',
    ];
    const { dialogues, summary } = read(lines.join(''));
    assert.equal(dialogues.length, 6);
    const [file] = summary.files;
    assert.deepEqual([file?.records, file?.bad], [9, 3]);
    assert.deepEqual(file?.skipped, [
      { reason: 'not JSON', count: 2, line: 4 },
      { reason: file?.skipped[1]?.reason, count: 1, line: 5 },
    ]);
  });

  it('is counted in text formats too', () => {
    const { summary } = read('E\nM a\nM b\nE\nM c\nM d\nwhat is this\nE\nM e\nM f\n', 1, 'chats.conv');
    assert.deepEqual([summary.files[0]?.bad, summary.files[0]?.records], [1, 4]);
  });

  it('is counted in lines of DialoGPT, and does not change what the other lines are', () => {
    const lines = (row: string) => row.repeat(10);
    for (const [content, format] of [
      [`${lines('Hi?\tHello!\n')}no tab\n${lines('0.5\tYes\n')}`, 'tsv'],
      [`${lines('0.0 a\t1.0 b\n')}0.0 c\td\n`, 'tsv'],
      [`${lines('Ann\tHi?\nBen\tHello!\n')}no tab\nAnn\tBye\n`, 'speakers'],
    ] as const) {
      const [file] = read(content, 1, 'chats.tsv').summary.files;
      assert.deepEqual([file?.format, file?.bad, file?.skipped.length], [format, 1, 1]);
    }
  });

  it('is counted in the lines of Cornell, with the conversation that needs it', () => {
    const line = (id: string, text: string) =>
      `${id} +++$+++ u${id} +++$+++ m0 +++$+++ ANN +++$+++ ${text}\n`;
    const talk = (...ids: string[]) =>
      `u0 +++$+++ u1 +++$+++ m0 +++$+++ [${ids.map((id) => `'${id}'`).join(', ')}]\n`;
    const files = {
      'movie_lines.txt': `${line('L1', 'Ready?')}L2 u1\n${line('L3', 'Yes.')}`,
      'movie_conversations.txt': talk('L1', 'L2') + talk('L1', 'L3').repeat(3),
    };
    const { dialogues, summary } = withFiles(files, (folder) => readCorpus([folder]));
    assert.equal(dialogues.length, 3);
    assert.deepEqual(
      summary.files[0]?.skipped.map(({ reason, line: at }) => [reason, at]),
      [
        ['a line with too few fields', 2],
        ['a conversation with a line that is missing', 1],
      ],
    );
  });

  it("is a conversation of ChatterBot's corpus", () => {
    const talks = Array.from({ length: 20 }, (_, index) => `- - Hi ${index}\n  - Hello\n`).join('');
    const { dialogues, summary } = read(`conversations:\n${talks}- alone\n`, 0.05, 'chats.yml');
    assert.deepEqual([dialogues.length, summary.files[0]?.bad], [20, 1]);
  });

  it('does not count as unreadable if it only has nothing to learn', () => {
    const { summary } = read([...pairs(2), '{"text": "a", "response": null}\n'].join(''), 0);
    assert.deepEqual([summary.files[0]?.records, summary.files[0]?.bad], [3, 0]);
  });
});

describe('too many records that cannot be read', () => {
  const broken = '{"text": oops}\n';

  it('end the reading, with their number, the first one, and the option that leaves them out', () => {
    const lines = [...pairs(30), broken, broken].join('');
    assert.match(
      refused(lines, 0.05),
      /^2 of 32 records cannot be read, more than --max-bad-ratio 0\.05 allows; correct them, or leave them out with --max-bad-ratio 0\.07; the first: chats\.jsonl:31:10 is not JSON: /,
    );
    assert.equal(read(lines, 0.07).dialogues.length, 30);
  });

  it('may be none', () => assert.match(refused([...pairs(200), broken].join(''), 0), /^1 of 201 records/));

  it('are an error of the file if they are half of it, whatever is allowed', () => {
    assert.match(
      refused([pair('a'), broken].join('')),
      /^chats\.jsonl:2:10 is not JSON: .*\(1 of 2 records cannot be read\)$/,
    );
    assert.match(refused(broken.repeat(200)), /^chats\.jsonl:1:10 is not JSON: /);
  });
});
