// Which variants are refused, and which are not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { objection, reasons } from './acceptable.js';
import { negations } from './negations.js';
import { numbersIn } from './numbers.js';

const accepted: readonly (readonly [before: string, after: string])[] = [
  ['I want to buy a phone', 'I want to purchase a phone'],
  ['He purchased a car', 'He bought a car'],
  ['我想买一部手机', '我想买一部智能手机'],
  ['Hi', 'Hello'],
  ["I don't know", 'I do not know'],
  ['The second one, please', 'The other one, please'],
  ['It costs 1,000 euros', 'The price is 1000 euros'],
  ['等两天', '等2天'],
  ['等一下', '等一会儿'],
  ['是不是坏了？', '是否坏了？'],
  ['非常好', '特别好'],
  ['Write to [EMAIL_1] or [EMAIL_2]', 'Send a mail to [EMAIL_2] or [EMAIL_1]'],
  ['Where is my order, Ann? 😀', 'Ann, where can my order be? 😀'],
  ['Wo ist der Kundendienst? Ich brauche und suche ihn', 'Wo ist der Service? Ich brauche und suche ihn'],
  ['WHERE IS MY ORDER', 'WHERE IS MY PARCEL'],
  ['The orders are late', 'The parcels are late'],
  ['see https://a.example/x?y=1 for details', 'look at https://a.example/x?y=1 for details'],
];

const refused: readonly (readonly [before: string, after: string, reason: string])[] = [
  ['Hello', '', 'empty'],
  ['Hello', ' ?!', 'empty'],
  ['Hello there', 'hello  there!', 'identical'],
  ['I need 2 tickets', 'I need 3 tickets', 'numbers changed'],
  ['I need two tickets', 'I need three tickets', 'numbers changed'],
  ['我要三张票', '我要四张票', 'numbers changed'],
  ['二十五号出发', '二十号出发', 'numbers changed'],
  ['at 10:30', 'at 10.30 hours', 'numbers changed'],
  ['Write to [EMAIL]', 'Write to [E-MAIL]', 'placeholders changed'],
  ['Write to [EMAIL_1] and [EMAIL_2]', 'Write to [EMAIL_1] and [EMAIL_1]', 'placeholders changed'],
  ['see https://a.example/x', 'see https://a.example/y', 'a link, an address or a hashtag changed'],
  ['ask @ann', 'ask @anne', 'a link, an address or a hashtag changed'],
  ['Great 👍🏽', 'Fine 👍', 'emoji changed'],
  ['Nice 🇩🇪', 'Good 🇩🇰', 'emoji changed'],
  ["I don't like it", 'I love it', 'negation changed'],
  ['I like it', 'I never like it', 'negation changed'],
  ['dont do it', 'do it', 'negation changed'],
  ['我不想买', '我想买', 'negation changed'],
  ['别走', '走吧', 'negation changed'],
  ['Thanks ann', 'Thanks Anna', 'a name changed'],
  ['谢谢小明', '谢谢小红', 'a name changed'],
  ['I met Obama in Paris', 'I met Obama in the capital', 'a capitalized word changed'],
  ['Does it have a USB port', 'Does it have a bus port', 'a capitalized word changed'],
  ['Where is my order?', 'Where, oh where, in the whole wide world is the order?', 'length changed'],
  ['你好，我想问一下订单', 'Hello, I want to ask', 'another script'],
  ['where is my order now', 'where where where where', 'words repeated'],
  ['订单在哪里呢', '订单订单订单订单', 'words repeated'],
  ['He purchased a car', 'He buy a car', 'the form of a word changed'],
  ['He is buying a car', 'He is purchase a car', 'the form of a word changed'],
  ['He went home', 'He go home', 'the form of a word changed'],
  ['I have two orders here', 'I have two order here', 'the form of a word changed'],
];

const names = ['Ann', '小明'];

describe('a variant', () => {
  for (const [before, after] of accepted)
    it(`is accepted: ${before} -> ${after}`, () => assert.equal(objection(before, after, names), null));

  for (const [before, after, reason] of refused)
    it(`is refused: ${before} -> ${after}`, () => assert.equal(objection(before, after, names), reason));

  it('is refused for every reason in one of these cases', () => {
    assert.deepEqual(new Set(refused.map(([, , reason]) => reason)), new Set(reasons));
  });

  it('is judged whatever it is', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const reason = objection(before, after, names);
        assert.ok(reason === null || reasons.includes(reason));
        assert.ok(['empty', 'identical'].includes(objection(before, before) ?? ''));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('of a long text is judged in time that grows with its length', () => {
    // A quadratic pattern would take minutes.
    for (const part of ['a', 'ab ', '@', '一', '1,', 'Aa ', '[A', '<a', "n't "]) {
      const text = part.repeat(20_000);
      objection(text, `${text}b`, names);
    }
  });
});

it('numbers are the same however they are written', () => {
  for (const [text, numbers] of [
    ['二十五, 25, 两百零三块, 二零二六年', ['25', '25', '203', '2026']],
    ['１２ and twelve', ['12', '12']],
    ['1,234.5 at 10:30', ['1234.5', '10:30']],
    ['一起等一下 one second', []],
    ['三亿两千万', ['320000000']],
  ] as const)
    assert.deepEqual(numbersIn(text), numbers);
});

it('negations are counted', () => {
  for (const [text, count] of [
    ['No, I cannot and won’t', 3],
    ['能不能便宜点', 0],
    ['没有，不要', 2],
    ['I know nothing', 1],
  ] as const)
    assert.equal(negations(text), count, text);
});
