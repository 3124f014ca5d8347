// Files of synonyms that people bring: three formats, what is used of them, and files that are none.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Dialogue } from '../../../corpus/dialogue.js';
import { UserError } from '../../../errors.js';
import { withProperties } from '../../../option-names.js';
import { Random } from '../../../random.js';
import type { LoadJieba } from './chinese.js';
import { start } from './start.js';
import { readSynonymFile } from './synonym-file.js';

const folder = mkdtempSync(join(tmpdir(), 'synonyms-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `${files++}.txt`);
  writeFileSync(path, content);
  return path;
}

const read = (content: string | Uint8Array) => readSynonymFile(fileOf(content));
const dialogue = (...texts: string[]): Dialogue => ({
  turns: texts.map((text) => ({ text, supervised: true })),
  source: 'chats.jsonl:1',
});

/** The dictionary takes long to load, so the tests share it. */
const [{ Jieba }, { dict }] = await Promise.all([import('@node-rs/jieba'), import('@node-rs/jieba/dict.js')]);
const jieba = Jieba.withDict(dict);
const loadOnce = (async () => [{ Jieba: { withDict: () => jieba } }, { dict }]) as unknown as LoadJieba;

/** What becomes of a text with all words replaced that can be, in a corpus of it and other texts. */
async function said(text: string, content: string, ...others: string[]): Promise<string> {
  const { vary } = await start(1, [fileOf(content)], [dialogue(text, ...others)], loadOnce);
  const [one] = await vary([{ text, names: [], random: new Random(1) }]);
  return one ?? text;
}

describe('formats', () => {
  it('lists of words with commas', () => {
    assert.deepEqual(read('\ufeff# mine\nlaptop, notebook\r\n\n"hood",bonnet\n手机，移动电话\n'), {
      kind: 'list',
      groups: [
        ['laptop', 'notebook'],
        ['hood', 'bonnet'],
        ['手机', '移动电话'],
      ],
    });
  });

  it('Cilin, of which related words are no synonyms', () => {
    assert.deepEqual(read('Aa01A01= 人 士 人物\nAa01A02# 男人 女人\nAa01A03@ 孤儿\n').groups, [
      ['人', '士', '人物'],
      ['男人'],
      ['孤儿'],
    ]);
  });

  it('Cilin in GBK', () => {
    // 人 and 士, 人物.
    const bytes = Buffer.from('Aa01A01= \xc8\xcb \xca\xbf \xc8\xcb\xce\xef\n', 'latin1');
    const line = Buffer.from('Aa01A02= \xc6\xbb\xb9\xfb \xcb\xae\xb9\xfb\n', 'latin1');
    assert.deepEqual(read(Buffer.concat([bytes, ...Array(20).fill(line)])).groups[0], ['人', '士', '人物']);
  });

  it('wordnets, whose words of a synset need not follow each other', () => {
    const content =
      '# COW\tcmn\n02131777-v\tcmn:lemma\t看\n00000001-a\tcmn:lemma\t大+的\n02131777-v\tcmn:lemma\t瞧\n02131777-v\tcmn:def\tto look\n';
    assert.deepEqual(read(content), { kind: 'thesaurus', groups: [['看', '瞧'], ['大']] });
  });
});

describe('what is used', () => {
  it('all of a list', async () => {
    assert.equal(await said('The laptop is here.', 'laptop,notebook\n'), 'The notebook is here.');
    assert.equal(await said('我的充电宝坏了', '充电宝,移动电源\n'), '我的移动电源坏了');
  });

  it('of a thesaurus, words of one meaning that the corpus knows', async () => {
    const two = 'Bp01A01= 冰箱 雪柜\n';
    assert.equal(await said('冰箱坏了', two), '冰箱坏了');
    assert.equal(await said('冰箱坏了', two, '冰箱', '雪柜', '雪柜'), '雪柜坏了');
    assert.equal(await said('冰箱坏了', `${two}Bp01A02@ 冰箱\n`, '冰箱', '雪柜', '雪柜'), '冰箱坏了');
  });

  it('no names and small words of a thesaurus', async () => {
    const text = '北京和北平，冰箱和雪柜，北京和北平，雪柜，后女王后女王，如果假如';
    const thesaurus = 'Di02B01= 北京 北平\nBp01A01= 冰箱 雪柜\nAf05A01= 女王 后\nKc01A01= 如果 假如\n';
    assert.equal(await said('北京，冰箱，后，如果', thesaurus, text, text), '北京，雪柜，后，如果');
  });

  it('what it does not use of a list is said', async () => {
    const { end } = await start(1, [fileOf('not,surely\n非常,十分\n42,car\n')], []);
    assert.deepEqual((await end?.())?.map(withProperties), [
      '2 words of synonymFile stay as they are, because they negate or count, or have other characters than letters: "not", "42"',
    ]);
  });

  it('no negations and numbers', async () => {
    assert.equal(
      await said('我没有，你不去，三百', '没有,没\n不,否\n三百,四百\n不去,去\n'),
      '我没有，你不去，三百',
    );
    assert.equal(await said('It is not 42', 'not,surely\n42,43\n'), 'It is not 42');
  });
});

describe('what is no file of synonyms', () => {
  for (const [name, content, message] of [
    ['a group of one word', 'car,automobile\nhouse\n', /:2 has one word; put a comma/],
    ['lines of another format', 'Aa01A01= 人 士\nhouse,home\n', /:2 is no line like the first: "house,home"/],
    ['a long word', `car,${'x'.repeat(61)}\n`, /:1 has a word of more than 60 characters/],
    ['a long line', `car,${'automobile,'.repeat(6000)}\n`, /:1 has more than 65536 characters/],
    ['control characters', 'car,auto\u001bmobile\n', /:1 has a damaged word: "auto\\u001bmobile"/],
    ['comments only', '# nothing\n', /has no synonyms; name a file with lines such as car,automobile/],
  ] as const)
    it(name, () =>
      assert.throws(
        () => read(content),
        (thrown) =>
          thrown instanceof UserError && thrown.code === 'option-invalid' && message.test(thrown.message),
      ),
    );

  for (const [name, content] of [
    ['an empty file', ''],
    ['a binary file', new Uint8Array([1, 0, 2, 0, 0, 255, 254, 3])],
  ] as const)
    it(name, () => assert.throws(() => read(content), UserError));

  it('a missing file', () => assert.throws(() => readSynonymFile(join(folder, 'none')), /does not exist/));

  it('a file of more than 64 MB', () => {
    const path = fileOf('car,automobile\n');
    truncateSync(path, 2 ** 26 + 1);
    assert.throws(() => readSynonymFile(path), /has more than 64 MB/);
  });
});

describe('without jieba', () => {
  const missing = () => Promise.reject(new Error("Cannot find package '@node-rs/jieba'"));

  it('a Chinese corpus is refused with the command that installs it', async () => {
    await assert.rejects(start(1, [], [dialogue('你好')], missing), {
      code: 'package-missing',
      message:
        'synonyms needs the package @node-rs/jieba to tell Chinese words apart; install it with npm install @node-rs/jieba@2.0.3',
    });
  });

  it('some Chinese turns stay as they are, which is said', async () => {
    const { end } = await start(1, [], [dialogue('你好', ...Array(9).fill('Hello'))], missing);
    assert.match(String(await end?.()), /^Chinese words \(in 1 turn\) stay as they are: /);
  });

  it('an English corpus does not need it', async () => {
    const { vary } = await start(1, [], [dialogue('Hello')], missing);
    assert.deepEqual(await vary([{ text: 'my car', names: [], random: new Random(1) }]), ['my automobile']);
  });
});
