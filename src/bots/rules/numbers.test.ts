// Number words are read back as the numbers that they were made from, and longer text is left alone.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { numberAt } from './numbers.js';

const read = (text: string) => {
  const found = numberAt(text, 0);
  return found && [found.digits, text.slice(found.end)];
};

const small = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'],
  ...['twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** @param and whether "and" stands after the hundreds. */
function english(value: number, and: boolean): string {
  for (const [size, name] of [
    [1e12, 'trillion'],
    [1e9, 'billion'],
    [1e6, 'million'],
    [1000, 'thousand'],
  ] as const)
    if (value >= size)
      return `${english(Math.floor(value / size), and)} ${name}${value % size ? ` ${english(value % size, and)}` : ''}`;
  if (value >= 100)
    return `${small[Math.floor(value / 100)]} hundred${value % 100 ? `${and ? ' and' : ''} ${english(value % 100, and)}` : ''}`;
  if (value < 20) return small[value] ?? '';
  return `${tens[Math.floor(value / 10)]}${value % 10 ? `${and ? '-' : ' '}${small[value % 10]}` : ''}`;
}

const han = '零一二三四五六七八九';

function chinese(value: number): string {
  for (const [size, name] of [
    [1e8, '亿'],
    [1e4, '万'],
  ] as const)
    if (value >= size) {
      const rest = value % size;
      return `${chinese(Math.floor(value / size))}${name}${rest ? `${rest < size / 10 ? '零' : ''}${chinese(rest)}` : ''}`;
    }
  for (const [size, name] of [
    [1000, '千'],
    [100, '百'],
    [10, '十'],
  ] as const)
    if (value >= size) {
      const rest = value % size;
      return `${han[Math.floor(value / size)]}${name}${rest ? `${rest < size / 10 ? '零' : ''}${chinese(rest)}` : ''}`;
    }
  return han[value] ?? '';
}

const values = fc.oneof(
  fc.nat(200),
  fc.nat(100_000),
  fc.maxSafeNat().map((value) => value % 1e15),
);

it('reads English number words', () => {
  fc.assert(
    fc.property(values, fc.boolean(), (value, and) => {
      assert.deepEqual(read(english(value, and)), [String(value), ''], english(value, and));
    }),
    { seed: 1 },
  );
});

it('reads Chinese number words', () => {
  fc.assert(
    fc.property(
      values.map((value) => value % 1e12),
      (value) => {
        assert.deepEqual(read(chinese(value)), [String(value), ''], chinese(value));
      },
    ),
    { seed: 2 },
  );
});

it('reads digits with thousands separators', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(999), (value, decimals) => {
      const written = `${value.toLocaleString('en-US')}.${decimals}`;
      assert.deepEqual(read(written), [`${value}.${decimals}`, '']);
    }),
    { seed: 3 },
  );
});

it('reads what people write besides', () => {
  const cases: readonly (readonly [text: string, digits: string | null, rest?: string])[] = [
    ['a hundred', '100'],
    ['a cat', null],
    ['one point five million', '1500000'],
    ['1.5 million people', '1500000', ' people'],
    ['three point one four', '3.14'],
    ['five six', '5', ' six'],
    ['two hundred and', '200', ' and'],
    ['twenty and', '20', ' and'],
    ['hundred', null],
    ['nineteen eighty four', '19', ' eighty four'],
    ['1,2345', '1', ',2345'],
    ['1,5', '1', ',5'],
    ['007', '7'],
    ['3.5万', '35000'],
    ['一点五亿', '150000000'],
    ['三点一四', '3.14'],
    ['三点', '3', '点'],
    ['二〇二六年', '2026', '年'],
    ['两百五', '250'],
    ['一万二', '12000'],
    ['十', '10'],
    ['百', null],
    ['三万五千亿', '3500000000000'],
    ['一万亿', '1000000000000'],
    ['一起', '1', '起'],
    ['', null],
  ];
  for (const [text, digits, rest = ''] of cases)
    assert.deepEqual(read(text), digits === null ? null : [digits, rest], text);
});

it('reads text of any kind without an error', () => {
  const character = fc.constantFrom(
    ...'零一两十百千万亿点0123456789.,- ab',
    'hundred ',
    'and ',
    'point ',
    'million ',
    '😀',
    '\u0000',
  );
  fc.assert(
    fc.property(fc.array(character, { maxLength: 100 }), (characters) => {
      const text = characters.join('');
      for (let at = 0; at <= text.length; at++) {
        const found = numberAt(text, at);
        assert.ok(
          found === null ||
            (found.end > at && found.end <= text.length && /^\d+(\.\d+)?$/.test(found.digits)),
        );
      }
    }),
    { seed: 4 },
  );
});
