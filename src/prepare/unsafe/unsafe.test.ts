// Word lists and the linear filter that drop unsafe dialogues.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { labelledTexts } from './labelled-file.js';
import { parsedFilter, score, writtenFilter } from './linear-filter.js';
import { trainFilter } from './train-filter.js';
import { entriesIn, ownLists, WordList } from './word-list.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unsafe-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('finds whole words, phrases, endings, and words of texts without spaces', () => {
  const list = new WordList(['darn', 'go away', 'bloody*', '笨蛋']);
  for (const text of ['Darn!', 'oh, GO  away now', 'bloodymindedness', '你这个笨蛋啊', 'ｄａｒｎ'])
    assert.ok(list.isIn(text), text);
  for (const text of ['darning', 'going away', 'ego away', 'cold blood', '笨'])
    assert.ok(!list.isIn(text), text);
});

it('has lists that leave harmless texts alone', () => {
  const list = new WordList(ownLists.flatMap(entriesIn));
  for (const text of [
    'Scunthorpe is in Essex',
    'pass the assessment',
    'cockerel at dawn',
    '这件衣服很贱卖吗',
    '我是处女座',
  ])
    assert.ok(!list.isIn(text), text);
  assert.ok(list.isIn('what the fuck'));
  assert.ok(list.isIn('他妈的'));
});

const rude = [
  'you stupid fool',
  'shut up idiot',
  'what a stupid idiot',
  'fool, shut up',
  '你这个笨蛋',
  '滚开笨蛋',
];
const kind = [
  'thank you so much',
  'have a nice day',
  'how can i help you',
  'see you on monday',
  '谢谢你的帮助',
  '祝你愉快',
];
const labelled = Array.from({ length: 60 }, (_, index) => ({
  text: `${(index % 2 === 0 ? rude : kind)[index % 6]} ${index % 7}`,
  isUnsafe: index % 2 === 0,
}));

it('learns from labels, and does so again', () => {
  const { filter, held } = trainFilter(labelled, 1);
  assert.deepEqual(held, { texts: 6, precision: 1, recall: 1 });
  assert.ok(score(filter, 'what a fool and idiot') > 0.5);
  assert.ok(score(filter, 'thank you for the nice help') < 0.5);
  assert.deepEqual(trainFilter(labelled, 1).filter, filter);
});

it('reads the filter that it writes, and nothing else', () => {
  const { filter } = trainFilter(labelled, 1);
  assert.deepEqual(parsedFilter(writtenFilter(filter)), filter);
  for (const text of ['', '{}', 'null', writtenFilter(filter).slice(0, 500), '{"format":"x","weights":""}'])
    assert.equal(parsedFilter(text), undefined);
});

it('refuses labels that it cannot learn from, with the line', () => {
  const written = (lines: readonly string[]) => {
    const path = join(folder, 'labelled.jsonl');
    writeFileSync(path, lines.join('\n'));
    return () => labelledTexts(path);
  };
  assert.throws(written(['{"text":"a","label":"safe"}', '{"text":"b"}']), {
    code: 'corpus-line-invalid',
    message: /labelled\.jsonl:2: not a text with a label/,
  });
  assert.throws(written(['{"text":"a","label":"safe"}']), { code: 'corpus-too-small' });
  assert.throws(() => labelledTexts(join(folder, 'none')), { code: 'input-unreadable' });
  const good = labelled.map(({ text, isUnsafe }) => JSON.stringify({ text, label: isUnsafe ? 1 : 0 }));
  assert.equal(written(good)().length, 60);
});
