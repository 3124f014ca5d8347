// Patterns and regular expressions: what they match, that regular expressions mean what JavaScript's mean, and that the work
// for a message is bounded by its length.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { faultsOf, literalsBelow } from '../../../test/patterns.js';
import { repositoryRoot } from '../../../test/repository.js';
import { readMessage } from './message.js';
import { parsePattern } from './pattern.js';
import { BudgetSpent, Program } from './program.js';
import { parseRegex } from './regex.js';
import { exampleMoment } from './skills/skill.js';
import { listKind, type SlotKind, slotKinds } from './slots.js';

const kinds: ReadonlyMap<string, SlotKind> = new Map(
  [
    ...slotKinds,
    listKind(
      'city',
      new Map([
        ['New York', 'NY'],
        ['York', 'York'],
        ['北京', '北京'],
      ]),
    ),
  ].map((kind) => [kind.name, kind]),
);

/** The values of the slots; null: no match. */
function slots(pattern: string, text: string): Record<string, string | null> | null {
  const { expression, slots } = parsePattern(pattern, kinds);
  const message = readMessage(text);
  if (!message) return null;
  const found = new Program(expression, false).match(message, message.start, message.end, { steps: 1e6 });
  if (!found) return null;
  return Object.fromEntries(
    [...found].map(([name, [start, end]]) => [
      name,
      slots.get(name)?.value(message, start, end, exampleMoment) ?? null,
    ]),
  );
}

describe('patterns', () => {
  const cases: readonly (readonly [pattern: string, text: string, slots: Record<string, string> | null])[] = [
    ['hello', 'Hello!!!', {}],
    ['hello', '¿"hello"?', {}],
    ['hello', 'hello you', null],
    ['hello [there] you', 'hello you', {}],
    ['hello [there] you', 'hello, there you', {}],
    ['hello [there] you', 'hellothereyou', null],
    ['(hi|hello there) bot', 'hello there bot', {}],
    ['hi|hello', 'hello', {}],
    ["what's up", 'What’s up?', {}],
    ['a \\[b\\] {word}', 'a [b] c-1', { word: 'c-1' }],
    ['* refund *', 'refund', {}],
    ['* refund *', 'give me a refund, please', {}],
    ['* refund *', 'refunded', null],
    ['*退款*', '我要退款了', {}],
    ['order {number}', 'order 1,234.50', { number: '1234.50' }],
    ['order {number}', 'order -5', { number: '-5' }],
    ['order {number}', 'order 5x', null],
    ['{number}kg', '5 kg', { number: '5' }],
    ['订单{number}号', '订单三千五号', { number: '3500' }],
    ['订单{number}', '订单 12', { number: '12' }],
    ['to {city}', 'to new york', { city: 'NY' }],
    ['to {city}', 'to York', { city: 'York' }],
    ['to {city}', 'to Yorkshire', null],
    ['去{city}玩', '去北京玩', { city: '北京' }],
    ['my name is {name:text}', 'My name is Dr. Ann Lee.', { name: 'Dr. Ann Lee' }],
    ['say {text} now', 'say now now now', { text: 'now now' }],
    ['mail {email}', 'mail Ann.Lee+x@example.co.uk.', { email: 'Ann.Lee+x@example.co.uk' }],
    ['call {phone}', 'call +49 (30) 123-456', { phone: '+49 (30) 123-456' }],
    ['call {phone}', 'call 123', null],
    ['on {date}', 'on 29 February', { date: '2028-02-29' }],
    ['on {date}', 'on 24/12/2026', { date: '2026-12-24' }],
    ['on {date}', 'on 11/12/2026', null],
    ['on {date}', 'on Tuesday', { date: '2026-12-01' }],
    ['on {date}', 'on next Tuesday', { date: '2026-12-08' }],
    ['{date}', 'in two weeks', { date: '2026-12-15' }],
    ['{date}', '三天后', { date: '2026-12-04' }],
    ['{date}', '十二月二十四日', { date: '2026-12-24' }],
    ['{date}', '下下周一', { date: '2026-12-14' }],
    ['{date}', '1 January', { date: '2027-01-01' }],
    ['at {time}', 'at 3:30 pm', { time: '15:30' }],
    ['at {time}', 'at noon', { time: '12:00' }],
    ['at {time}', 'at 25:00', null],
    ['{time}', '下午三点半', { time: '15:30' }],
    ['{time}', '晚上8点', { time: '20:00' }],
    ['{time}', '三点五分', { time: '03:05' }],
    ['{time}', '12点一刻', { time: '12:15' }],
  ];
  for (const [pattern, text, expected] of cases)
    it(`${pattern} ${expected ? 'takes' : 'passes'} ${text}`, () =>
      assert.deepEqual(slots(pattern, text), expected));

  it('match their own examples', () => {
    for (const [pattern] of cases)
      for (const example of parsePattern(pattern, kinds).examples())
        assert.ok(slots(pattern, example), `${pattern}: ${example}`);
  });
});

function found(source: string, text: string): string | null {
  const message = { raw: text, text, folded: text, start: 0, end: text.length, language: 'en' } as const;
  const whole = { kind: 'capture', name: 'whole', part: parseRegex(source).expression } as const;
  const range = new Program(whole, true).match(message, 0, text.length, { steps: 1e6 })?.get('whole');
  return range ? text.slice(...range) : null;
}

describe('regular expressions', () => {
  it('find what those of JavaScript find', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', 'é', '我', '\\b', '^', '$');
    const quantifier = fc.constantFrom('', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{1,}');
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 3 },
        fc.tuple(atom, quantifier).map(([one, many]) => (/^(\\b|\^|\$)$/.test(one) ? one : one + many)),
        fc.tuple(tie('expression'), tie('expression')).map((two) => two.join('')),
        fc.tuple(tie('expression'), tie('expression')).map(([one, other]) => `(?:${one}|${other})`),
        // A group that can be empty and is repeated ends differently in JavaScript.
        fc.tuple(tie('expression'), quantifier).map(([one, many]) => `(?:x${one})${many}`),
      ),
    }));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'x', '1', ' ', '我'), { maxLength: 8 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(expression, text, (source, given) => {
        // \b between Han characters is a place for people, and none for JavaScript.
        fc.pre(!source.includes('\\b') || !given.includes('我'));
        assert.equal(found(source, given), new RegExp(source, 'isu').exec(given)?.[0] ?? null, `/${source}/`);
      }),
      { seed: 15, numRuns: 1000 },
    );
  });

  it('take linear work for what runs away elsewhere', () => {
    const careless = [
      '(a*)*[b]',
      '(a|aa)+[$]',
      '(a+)+[!]',
      '^(.*,)*[x]',
      '(\\d+)+[x]',
      'a*a*a*a*a*[b]',
      '(?:(?:a?){20}){20}[b]',
    ];
    for (const source of careless)
      for (const text of ['a'.repeat(2000), '1'.repeat(2000), 'a,'.repeat(1000)]) {
        const message = {
          raw: text,
          text,
          folded: text,
          start: 0,
          end: text.length,
          language: 'en',
        } as const;
        const { expression } = parseRegex(source);
        const budget = { steps: 2001 * 1000 };
        new Program(expression, true).match(message, 0, text.length, budget);
        assert.ok(budget.steps >= 0);
      }
  });

  it('stop when the work for a message is spent', () => {
    const program = new Program(parseRegex('(a*)*[b]').expression, true);
    const text = 'a'.repeat(2000);
    const message = { raw: text, text, folded: text, start: 0, end: text.length, language: 'en' } as const;
    assert.throws(() => program.match(message, 0, text.length, { steps: 100 }), BudgetSpent);
  });

  it('know escapes, classes and groups with names', () => {
    assert.equal(found('\\p{Script=Han}+', 'ab北京'), '北京');
    assert.equal(found('\\u{1F600}|\\x41', '😀'), '😀');
    assert.equal(found('[\\d.,]+ ?€', 'for 3.50 € each'), '3.50 €');
    assert.equal(found('x{2}|a\\{1\\}', 'a{1}'), 'a{1}');
    assert.deepEqual([...parseRegex('(?<a>x)(?<b>y)').names], ['a', 'b']);
  });
});

it('the rules of this program have only linear patterns themselves', () => {
  const literals = [...literalsBelow(join(repositoryRoot, 'dist/src/bots/rules'))];
  assert.ok(literals.flatMap(([, patterns]) => patterns).length > 50);
  const faults = literals.flatMap(([file, patterns]) =>
    patterns.flatMap(faultsOf).map((fault) => `${file}: ${fault}`),
  );
  assert.deepEqual(faults, []);
});
