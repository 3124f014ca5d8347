// What is found in a message about the person who wrote it, and what is not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { factsIn, saysOnlyFacts } from './facts.js';

const known = (message: string) =>
  Object.fromEntries(factsIn(message).flatMap(({ known }) => (known ? [[known.key, known.value]] : [])));

const says: [string, Record<string, string>][] = [
  ['My name is Ann.', { name: 'Ann' }],
  ["Hi, my name's Jean-Luc Picard and I live in La Barre", { name: 'Jean-Luc Picard', home: 'La Barre' }],
  ['please call me Bob', { name: 'Bob' }],
  ['hello! call me Ludwig van Beethoven, thanks', { name: 'Ludwig van Beethoven' }],
  ['My name is ann and I like tea', { name: 'ann', 'likes/tea': 'tea' }],
  ['I like tea. I love jazz music very much!', { 'likes/tea': 'tea', 'likes/jazz_music': 'jazz music' }],
  ["I don't like Mondays", { 'dislikes/mondays': 'Mondays' }],
  ['I can’t stand queues', { 'dislikes/queues': 'queues' }],
  ['I am 30 years old', { age: '30' }],
  ["I'm from New Zealand", { from: 'New Zealand' }],
  ['I work as a nurse now', { job: 'nurse' }],
  ['My birthday is on the 5th of May', { birthday: '5th of May' }],
  ['my favourite colour is blue', { favourite_colour: 'blue' }],
  ['My favorite ice cream is vanilla, by far', { favourite_ice_cream: 'vanilla' }],
  ['My time zone is Asia/Tokyo', { time_zone: 'Asia/Tokyo' }],
  ['我叫小明', { name: '小明' }],
  ['你好，我叫王小明，我喜欢喝茶', { name: '王小明', 'likes/喝茶': '喝茶' }],
  ['请叫我阿强吧', { name: '阿强' }],
  ['我的名字是李雷。', { name: '李雷' }],
  ['我不喜欢下雨', { 'dislikes/下雨': '下雨' }],
  ['我住在上海', { home: '上海' }],
  ['我来自成都', { from: '成都' }],
  ['我今年三十岁', { age: '三十' }],
  ['我最喜欢的电影是千与千寻', { favourite_电影: '千与千寻' }],
  ['我的生日是五月五日', { birthday: '五月五日' }],
];

const saysNothing = [
  'What is my name?',
  'my name is not important',
  'call me later',
  'Call me back when you can',
  'call me maybe',
  'Do you like tea?',
  'I like it',
  'I am tired',
  'Is my name Ann?',
  'He said my name is Bob',
  'I would like to know what my name is',
  'My time zone is Mars/Base',
  '我叫什么？',
  '我叫什么名字',
  '我叫了外卖',
  '叫我怎么办',
  '你喜欢茶吗？',
  '他叫小明',
  '',
];

describe('facts in a message', () => {
  for (const [message, facts] of says)
    it(`are found in ${message}`, () => assert.deepEqual(known(message), facts));

  for (const message of saysNothing)
    it(`are not found in "${message}"`, () => assert.deepEqual(factsIn(message), []));

  it('take back what they contradict', () => {
    assert.deepEqual(factsIn("I don't like tea"), [
      { known: { key: 'dislikes/tea', value: 'tea' }, removed: 'likes/tea' },
    ]);
    assert.deepEqual(factsIn('I no longer like tea'), [{ known: null, removed: 'likes/tea' }]);
    assert.deepEqual(factsIn('我不再喜欢茶'), [{ known: null, removed: 'likes/茶' }]);
  });

  it('are short, few, and never from a long message', () => {
    assert.deepEqual(factsIn(`My name is Ann. ${'x'.repeat(500)}`), []);
    assert.equal(factsIn(Array.from({ length: 30 }, (_, index) => `I like a${index}.`).join(' ')).length, 10);
  });

  it('have keys that templates can name, and values of one line, in any text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('my name is ', 'I like ', '我叫', '我喜欢', 'my favourite '),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        (start, text) => {
          for (const { known } of factsIn(start + text)) {
            assert.match(known?.key ?? 'x', /^[\p{L}\p{M}\p{N}_/]+$/u);
            assert.doesNotMatch(known?.value ?? 'x', /[\n\r]|^\s|\s$|^$/u);
          }
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });
});

it('knows when a message says nothing else', () => {
  for (const message of ['My name is Ann.', 'Hi! I am 30 years old', '你好，我叫小明'])
    assert.ok(saysOnlyFacts(message), message);
  for (const message of ['My name is Ann. Where is my order?', 'Hello', 'I like tea, do you?'])
    assert.ok(!saysOnlyFacts(message), message);
});
