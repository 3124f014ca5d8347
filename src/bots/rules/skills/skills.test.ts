// Skills: each answers its examples and passes everything else, and arithmetic agrees with fractions of big integers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refusal } from '../../../../test/refusal.js';
import { readMessage } from '../message.js';
import { askSkills, skillNames, skills } from '../skills.js';
import { zoneOfPlace } from './places.js';
import { add, divide, multiply, rational, subtract } from './rational.js';
import { exampleMoment } from './skill.js';
import { unitTable } from './unit-table.js';

function ask(text: string): string | null {
  const message = readMessage(text);
  return message && (askSkills(skillNames, message, exampleMoment)?.text ?? null);
}

for (const { name, examples } of skills)
  describe(name, () => {
    for (const [message, expected] of examples)
      it(`${expected === null ? 'passes' : 'answers'} ${message}`, () => {
        assert.equal(ask(message), expected);
      });
  });

describe('arithmetic', () => {
  /** A fraction computed without the code under test. */
  type Fraction = readonly [top: bigint, bottom: bigint];
  type Tree = { readonly text: string; readonly value: Fraction | null };

  const literal = fc
    .tuple(fc.nat(9999), fc.nat(999), fc.boolean())
    .map(([whole, decimals, isWhole]): Tree => {
      const digits = String(decimals).padStart(3, '0');
      return isWhole
        ? { text: String(whole), value: [BigInt(whole), 1n] }
        : { text: `${whole}.${digits}`, value: [BigInt(`${whole}${digits}`), 1000n] };
    });
  const applied: Readonly<Record<string, (one: Fraction, other: Fraction) => Fraction | null>> = {
    '+': ([a, b], [c, d]) => [a * d + c * b, b * d],
    '-': ([a, b], [c, d]) => [a * d - c * b, b * d],
    '*': ([a, b], [c, d]) => [a * c, b * d],
    '/': ([a, b], [c, d]) => (c === 0n ? null : [a * d, b * c]),
  };
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      literal,
      tie('tree').map(
        ({ text, value }): Tree => ({ text: `-(${text})`, value: value && [-value[0], value[1]] }),
      ),
      fc.tuple(tie('tree'), fc.constantFrom(...Object.keys(applied)), tie('tree')).map(
        ([left, sign, right]): Tree => ({
          text: `(${left.text}) ${sign} (${right.text})`,
          value: left.value && right.value && (applied[sign]?.(left.value, right.value) ?? null),
        }),
      ),
    ),
  }));

  it('agrees with fractions of big integers', () => {
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        fc.pre(text.length < 480 && /[+*/]|\d -/.test(text) && !/^\(*-?\(*[\d.]+\)*$/.test(text));
        const answer = ask(`calculate ${text}`);
        if (!value) return assert.match(answer ?? '', /zero/);
        const [, sign, shown = ''] = /(?:^|.* )([=≈]) (\S+( × 10\^-?\d+)?)$/.exec(`= ${answer}`) ?? [];
        assert.ok(closeTo(shown, value), `${text}: ${answer}`);
        if (sign === '=' && answer?.includes('=')) assert.ok(isExactly(shown, value), `${text}: ${answer}`);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  /** The decimal as a fraction, read independently. */
  function fractionOf(shown: string): Fraction {
    const [, sign = '', whole = '', decimals = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?: × 10\^(-?\d+))?$/.exec(shown) ?? assert.fail(`no number: ${shown}`);
    const scale = Number(exponent) - decimals.length;
    const top = BigInt(`${sign}${whole}${decimals}`);
    return scale >= 0 ? [top * 10n ** BigInt(scale), 1n] : [top, 10n ** BigInt(-scale)];
  }

  function isExactly(shown: string, [top, bottom]: Fraction): boolean {
    const [a, b] = fractionOf(shown);
    return a * bottom === top * b;
  }

  /** To 11 digits at least. */
  function closeTo(shown: string, [top, bottom]: Fraction): boolean {
    const [a, b] = fractionOf(shown);
    const size = (value: bigint) => (value < 0n ? -value : value);
    return size(a * bottom - top * b) * 10n ** 11n <= size(top * b);
  }

  const cases: readonly (readonly [text: string, answer: string | null])[] = [
    ['-2^2 =', '-2^2 = -4'],
    ['2^3^2', '2^3^2 = 512'],
    ['2^-2', '2^-2 = 0.25'],
    ['7 % 3 =', '7 % 3 = 1'],
    ['-7 mod 3', '-7 % 3 = 2'],
    ['50 + 10%', '50 + 10% = 55'],
    ['15 percent of 80', '15% * 80 = 12'],
    ['what is 9 squared', '9^2 = 81'],
    ['2² + 1', '2^2 + 1 = 5'],
    ['sqrt(16) + 1', 'sqrt(16) + 1 = 5'],
    ['sqrt(2) * sqrt(2) =', 'sqrt(2) * sqrt(2) ≈ 2'],
    ['8^(1/3)', '8^(1 / 3) = 2'],
    ['the square root of -1', 'A negative number has no real root of that kind.'],
    ['1/3 =', '1 / 3 ≈ 0.333333333333'],
    ['2^100', '2^100 = 1267650600228229401496703205376'],
    ['2^300', '2^300 ≈ 2.03703597633 × 10^90'],
    ['1 / 10^20', '1 / 10^20 = 0.00000000000000000001'],
    ['1,000,000 + 1', '1000000 + 1 = 1000001'],
    ['what is five plus', null],
    ['0^0', '0^0 = 1'],
    ['0 ^ -1', 'Nothing can be divided by zero.'],
    ['5 mod 0', 'Nothing can be divided by zero.'],
    ['一百减去二十五', '100 - 25 = 75'],
    ['九的平方根是多少', 'sqrt(9) = 3'],
    ['二的十次方', '2^10 = 1024'],
    ['五十的百分之二十是多少', '50 * 20% = 10'],
    ['三分之一加六分之一等于几', '1 / 3 + 1 / 6 = 0.5'],
    ['帮我算一下 12*12', '12 * 12 = 144'],
    ['９＋１', '9 + 1 = 10'],
    ['1 除以 0', '除数不能是零。'],
    ['555-1234', null],
    ['+49-30-123456', null],
    ['24/7', null],
    ['what is 9/11', null],
    ['what is 10/4', '10 / 4 = 2.5'],
    ['3x4', null],
    ['what is 3x4', '3 * 4 = 12'],
    ['10-20', null],
    ['10 - 20', '10 - 20 = -10'],
    ['1,5 + 1', null],
    ['½ + ½', null],
    ['50%', null],
    ['-5', null],
    ['2(3)', null],
    ['one on one', null],
    ['how are you', null],
    ['()', null],
    ['三', null],
    ['加油', null],
    ['一心一意', null],
    ['10 ^ 10 ^ 10', 'That number is too large to write down.'],
    ['9^9^9^9', 'That number is too large to write down.'],
    [`${'9'.repeat(200)} * ${'9'.repeat(200)}`, `≈ 1 × 10^400`],
    [`${'('.repeat(200)}1+1${')'.repeat(200)}`, null],
    [`${'-'.repeat(400)}1+1`, null],
    [`1${'+1'.repeat(240)}`, null],
  ];
  for (const [text, answer] of cases)
    it(`${answer === null ? 'passes' : 'answers'} ${text.slice(0, 40)}`, () =>
      assert.equal(ask(text), answer));
});

it('skills read messages of any kind without an error', () => {
  const pieces = [
    ...[
      'what is ',
      '3',
      ' + ',
      '(',
      ')',
      '^',
      '%',
      'sqrt',
      '的',
      '百分之',
      '加',
      '万',
      '点',
      'km',
      ' in ',
      'miles',
    ],
    ...[
      'time',
      'tomorrow',
      'until ',
      '几点',
      '\u202e',
      '\u0000',
      '😀',
      '²',
      '½',
      ' ',
      '=',
      '?',
      'of',
      '-',
      '/',
    ],
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 40 }), (parts) => {
      const answer = ask(parts.join(''));
      assert.ok(answer === null || (answer !== '' && !/undefined|NaN|null/.test(answer)), answer ?? '');
    }),
    { seed: 6, numRuns: 2000 },
  );
});

describe('the clock', () => {
  const at = (text: string, now: number, timeZone: string) => {
    const message = readMessage(text);
    return message && askSkills(['clock'], message, { now, timeZone })?.text;
  };

  it('knows daylight saving', () => {
    const before = Date.UTC(2026, 2, 29, 0, 59);
    assert.equal(at('what time is it', before, 'Europe/Berlin'), 'It is 01:59.');
    assert.equal(at('what time is it', before + 60_000, 'Europe/Berlin'), 'It is 03:00.');
    const autumn = Date.UTC(2026, 9, 25, 0, 30);
    assert.equal(at('what time is it', autumn, 'Europe/Berlin'), 'It is 02:30.');
    assert.equal(at('what time is it', autumn + 3_600_000, 'Europe/Berlin'), 'It is 02:30.');
  });

  it('counts days across daylight saving and leap years', () => {
    const night = Date.UTC(2026, 2, 28, 22, 30);
    assert.equal(at('what day is tomorrow', night, 'Europe/Berlin'), 'Tomorrow is Sunday, 29 March 2026.');
    assert.equal(
      at('how many days until 2026-04-01', night, 'Europe/Berlin'),
      'It is 4 days until 2026-04-01.',
    );
    assert.equal(
      at('what day is tomorrow', Date.UTC(2028, 1, 28, 12), 'UTC'),
      'Tomorrow is Tuesday, 29 February 2028.',
    );
    assert.equal(
      at('what day was yesterday', Date.UTC(2027, 0, 1, 12), 'UTC'),
      'Yesterday was Thursday, 31 December 2026.',
    );
  });

  it('takes the day of the user, not of the machine', () => {
    const now = Date.UTC(2026, 11, 31, 12);
    assert.match(at('what day is it', now, 'Pacific/Kiritimati') ?? '', /1 January 2027/);
    assert.match(at('what day is it', now, 'Pacific/Pago_Pago') ?? '', /31 December 2026/);
  });

  it('refuses an unknown time zone', () => {
    const thrown = refusal('usage', () => at('what time is it', 0, 'Europe/Berlim'));
    assert.equal(thrown, 'the time zone "Europe/Berlim" is unknown; give an IANA name such as Europe/Berlin');
  });

  it('has a zone that Intl knows for every place', () => {
    for (const zone of new Set(zoneOfPlace.values()))
      assert.doesNotThrow(() => new Intl.DateTimeFormat('en', { timeZone: zone }), zone);
  });
});

describe('units', () => {
  it('convert there and back to the same amount', () => {
    for (const from of unitTable)
      for (const to of unitTable.filter(({ measures }) => measures === from.measures)) {
        const there = divide(
          subtract(add(multiply(rational(7n), from.factor), from.offset), to.offset),
          to.factor,
        );
        const back = divide(subtract(add(multiply(there, to.factor), to.offset), from.offset), from.factor);
        assert.deepEqual(back, rational(7n), `${from.symbol} ${to.symbol}`);
      }
  });

  it('are found by each of their names, and no name means two of them', () => {
    const names = unitTable.flatMap(({ symbol, names }) => [symbol, ...names]);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
    for (const { symbol, names, measures } of unitTable)
      for (const name of [symbol, ...names]) {
        const to = unitTable.find((unit) => unit.measures === measures)?.symbol ?? '';
        assert.match(ask(`5 ${name} to ${to}`) ?? '', /^5 .* [=≈] .*$/, name);
      }
  });

  it('differ by case where that has a meaning', () => {
    assert.equal(ask('8 Mb in MB'), '8 Mbit = 1 MB');
    assert.equal(ask('8 mb in kb'), '8 MB = 8000 kB');
    assert.equal(ask('1 GIB IN MIB'), '1 GiB = 1024 MiB');
  });

  it('are exact', () => {
    assert.equal(ask('0 K in C'), '0 K = -273.15 °C');
    assert.equal(ask('how many feet are in a mile'), '1 mi = 5280 ft');
    assert.equal(ask('1 acre in square feet'), '1 acres = 43560 ft²');
    assert.equal(ask('how many square feet are in an acre'), '1 acres = 43560 ft²');
  });
});
