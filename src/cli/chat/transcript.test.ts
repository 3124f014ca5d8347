import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusal } from '../../../test/refusal.js';
import { readCorpus } from '../../corpus/read-corpus.js';
import { addDialogue, lastDialogue } from './transcript.js';

const scratch = mkdtempSync(join(tmpdir(), 'transcript-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const written = (name: string, text: string): string => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};
const turnsIn = (path: string) =>
  readCorpus([path]).dialogues.map(({ turns }) => turns.map(({ text }) => text));

describe('a saved conversation', () => {
  it('is a line that the corpus readers read, ratings and all', () => {
    const path = join(scratch, 'new', 'chat.jsonl');
    addDialogue(path, { turns: ['hi', 'two\nlines "quoted"'] });
    addDialogue(path, { turns: ['bye', '再见 👋'], rating: 'good' });
    assert.deepEqual(turnsIn(path), [
      ['hi', 'two\nlines "quoted"'],
      ['bye', '再见 👋'],
    ]);
    assert.match(readFileSync(path, 'utf8'), /^\{"turns":\["bye","再见 👋"\],"rating":"good"\}$/m);
  });

  it('starts a line of its own after one without an end', () => {
    const path = written('open.jsonl', '{"turns":["a","b"]}');
    addDialogue(path, { turns: ['c', 'd'] });
    assert.deepEqual(turnsIn(path), [
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('can begin in an empty file', () => {
    const path = written('empty.jsonl', '');
    addDialogue(path, { turns: ['c', 'd'] });
    assert.deepEqual(turnsIn(path), [['c', 'd']]);
  });

  const foreign: readonly (readonly [name: string, text: string, why: RegExp])[] = [
    [
      'list.json',
      '[{"turns":["a","b"]}]\n',
      /list\.json is a JSON list, and a line cannot be appended to it/,
    ],
    ['qa.jsonl', '{"text":"a","response":"b"}\n', /qa\.jsonl:1: expected turns, found text and response/],
    ['broken.jsonl', '{"turns":["a","b"]}\n{"turns":["a"\n', /broken\.jsonl:2:\d+ is not JSON/],
    ['letter.txt', 'Dear Sir,\n', /letter\.txt:1:1 is not JSON/],
  ];
  for (const [name, text, why] of foreign)
    it(`leaves ${name} as it is`, () => {
      const path = written(name, text);
      assert.match(
        refusal('data', () => addDialogue(path, { turns: ['c', 'd'] })),
        why,
      );
      assert.equal(readFileSync(path, 'utf8'), text);
    });

  it('is not put where it could not be read again', () => {
    mkdirSync(join(scratch, 'folder.jsonl'));
    const name = join(scratch, 'folder.jsonl');
    assert.match(
      refusal('data', () => addDialogue(name, { turns: ['c', 'd'] })),
      /folder\.jsonl/,
    );
    assert.match(
      refusal('usage', () => addDialogue(join(scratch, 'x.tsv'), { turns: ['c', 'd'] })),
      /\.jsonl/,
    );
  });
});

describe('a loaded conversation', () => {
  it('is the last of a file of any format', () => {
    const jsonl = written('two.jsonl', '{"turns":["a","b"]}\n{"turns":["c","d","e"],"rating":"bad"}\n');
    assert.deepEqual(lastDialogue(jsonl).turns, ['c', 'd', 'e']);
    assert.equal(lastDialogue(jsonl).source, `${jsonl}:2`);
    assert.deepEqual(lastDialogue(written('pairs.json', '[{"text":"a","response":"b"}]')).turns, ['a', 'b']);
    assert.deepEqual(lastDialogue(written('pairs.tsv', '1.0 hi\t1.0 there\n')).turns, ['hi', 'there']);
  });

  it('has two speakers', () => {
    const record = {
      messages: [
        { role: 'system', content: 'be nice' },
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'hello' },
      ],
    };
    const loaded = lastDialogue(written('messages.json', JSON.stringify([record])));
    assert.deepEqual(loaded.turns, ['hi', 'hello']);
    assert.equal(loaded.hadInstructions, true);
    assert.equal(loaded.hadOpening, false);
  });
});
