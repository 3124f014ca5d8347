// Conversion of units with exact factors: `5 km in miles`, `100华氏度是多少摄氏度`. The factors are those by which the units are
// defined (NIST SP 811, appendix B; the international yard and pound of 1959; China's market system of 1959).

import type { Language } from '../../language.js';
import { folded, isBoundary, isUnspaced, type Message } from '../message.js';
import { numberAt } from '../numbers.js';
import {
  add,
  decimalOf,
  divide,
  multiply,
  parseRational,
  type Rational,
  rational,
  roundedDecimal,
  subtract,
} from './rational.js';
import type { Skill } from './skill.js';
import { type Unit, unitTable } from './unit-table.js';

export const units = {
  name: 'units',
  help: 'Conversion of length, mass, temperature, volume, speed, area and data.',
  examples: [
    ['5 km in miles', '5 km ≈ 3.10686 mi'],
    ['How many grams are in 2 pounds?', '2 lb = 907.18474 g'],
    ['convert 100 fahrenheit to celsius', '100 °F ≈ 37.7778 °C'],
    ['-40 C in F', '-40 °C = -40 °F'],
    ['what is 60 mph in km/h', '60 mph = 96.56064 km/h'],
    ['1.5 GB to MB', '1.5 GB = 1500 MB'],
    ['100华氏度是多少摄氏度', '100 °F ≈ 37.7778 °C'],
    ['三斤等于多少克？', '3 斤 = 1500 g'],
    ['1亩有多少平方米', '1 亩 ≈ 666.667 m²'],
    ['5 km in kg', 'km and kg do not measure the same thing.'],
    ['how far is 5 km', null],
    ['5 minutes in heaven', null],
  ],
  answer,
} as const satisfies Skill;

const longest = 200;

const polite = /^(?:(?:please|can you|could you|hi|hello|ok|so|请问|请|帮我|麻烦)[ ,]*){0,4}/;
const opening = /^(?:convert|what is|what's|whats|how much is|how much are|换算|转换|把|将)? */;
const questionFirst =
  /^how (?:many|much) (.{1,40}?) (?:are there in|are in|is in|in|is|are|make) (?:a |an )?(.{1,60})$/;
const between =
  / ?(?:(?:等于|相当于|换算成|换算为|转换成|转换为|转成|换成|合|是|有) ?(?:多少|几)?|多少|几) ?个?| (?:in|to|into|as|equals? how many|is how many|are how many) /y;
const article = /^(?:an?|one) (?=[a-z])/;

/** Every spelling of a unit, longest first where one begins with another. */
const spellings: readonly (readonly [name: string, unit: Unit])[] = unitTable
  .flatMap((unit) => [unit.symbol, ...unit.names].map((name) => [name.normalize('NFKC'), unit] as const))
  .sort(([one], [other]) => other.length - one.length);
const lowerSpellings = spellings.map(([name, unit]) => [folded(name), unit] as const);

function answer({ text, language }: Message): string | null {
  if (text.length > longest) return null;
  const lower = folded(text);
  const start = (polite.exec(lower)?.[0] ?? '').length;
  const end = lower.slice(start).replace(/[ ?.!。呢啊呀吗]{1,20}$/u, '').length + start;
  const asked = text.slice(start, end);
  const found = amountFirst(asked) ?? unitFirst(asked);
  return found && reply(found, language);
}

interface Asked {
  readonly amount: Rational;
  readonly from: Unit;
  readonly to: Unit;
}

/** `convert 5 km to miles` */
function amountFirst(asked: string): Asked | null {
  const from = amountAt(asked, (opening.exec(folded(asked))?.[0] ?? '').length);
  if (!from) return null;
  between.lastIndex = from.end;
  const joint = between.exec(folded(asked));
  const to = joint && unitAt(asked, from.end + joint[0].length);
  return to && to.end === asked.length ? { amount: from.amount, from: from.unit, to: to.unit } : null;
}

/** `how many miles are in 5 km` */
function unitFirst(asked: string): Asked | null {
  const match = questionFirst.exec(folded(asked));
  if (!match) return null;
  const [whole, wanted = '', rest = ''] = match;
  const to = unitAt(asked.slice(whole.indexOf(wanted, 8)), 0);
  const restStart = asked.length - rest.length;
  const known = amountAt(asked, restStart);
  // `how many grams are in a kilo`
  const alone = known ?? unitAt(asked, restStart);
  if (!to || to.end !== wanted.length || !alone || alone.end !== asked.length) return null;
  return { amount: known?.amount ?? rational(1n), from: alone.unit, to: to.unit };
}

function amountAt(
  text: string,
  at: number,
): { readonly amount: Rational; readonly unit: Unit; readonly end: number } | null {
  const lower = folded(text);
  const skipped = (article.exec(lower.slice(at))?.[0] ?? '').length;
  const isNegative = /[-−负]/.test(lower[at] ?? '');
  const start = at + (isNegative ? 1 : 0);
  const number = numberAt(lower, start);
  if (!number && skipped === 0) return null;
  const numberEnd = number?.end ?? at + skipped;
  const unit = unitAt(text, lower[numberEnd] === ' ' ? numberEnd + 1 : numberEnd);
  if (!unit || (number?.digits.length ?? 0) > 100) return null;
  const amount = parseRational(`${isNegative ? '-' : ''}${number?.digits ?? '1'}`);
  return { amount, unit: unit.unit, end: unit.end };
}

/** As it is spelled, and if there is no such unit, in lower case: Mb is not MB. */
function unitAt(text: string, at: number): { readonly unit: Unit; readonly end: number } | null {
  return spelledAt(text, at, spellings) ?? spelledAt(folded(text), at, lowerSpellings);
}

function spelledAt(
  text: string,
  at: number,
  names: typeof spellings,
): { readonly unit: Unit; readonly end: number } | null {
  const known = names.find(([name]) => text.startsWith(name, at) && endsThere(text, at + name.length, name));
  return known ? { unit: known[1], end: at + known[0].length } : null;
}

function endsThere(text: string, end: number, name: string): boolean {
  return isUnspaced(name.at(-1) ?? '') || isBoundary(text, end);
}

function reply({ amount, from, to }: Asked, language: Language): string | null {
  if (from.measures !== to.measures)
    return language === 'zh'
      ? `${from.symbol}和${to.symbol}不是同一种量，无法换算。`
      : `${from.symbol} and ${to.symbol} do not measure the same thing.`;
  const result = divide(subtract(add(multiply(amount, from.factor), from.offset), to.offset), to.factor);
  const exact = decimalOf(result);
  const isShort = exact.exact && exact.text.length <= longestExact;
  const shown = isShort ? exact.text : roundedDecimal(result, roundedDigits);
  return `${decimalOf(amount).text} ${from.symbol} ${isShort ? '=' : '≈'} ${shown} ${to.symbol}`;
}

/** Longer results are rounded: more digits than a person measures say nothing. */
const longestExact = 12;
const roundedDigits = 6;
