// Arithmetic: `what is 3 plus 5`, `0.1 + 0.2`, `三加五等于几`. It answers when nothing but an expression is left of a message
// without its polite words.

import type { Language } from '../../language.js';
import type { Message } from '../message.js';
import { folded } from '../message.js';
import { compute, NotAnExpression, type Token, tokensOf, type Value } from './expression.js';
import { DivisionByZero, decimalOf, NotReal, TooLarge } from './rational.js';
import type { Skill } from './skill.js';

export const math = {
  name: 'math',
  help: 'Arithmetic with + - * / ^ %, brackets, roots, percentages, and number words.',
  examples: [
    ['What is 3 plus 5?', '3 + 5 = 8'],
    ['subtract 3 from 10', '10 - 3 = 7'],
    ['0.1 + 0.2', '0.1 + 0.2 = 0.3'],
    ['(1 + 2) * -3 =', '(1 + 2) * -3 = -9'],
    ['how much is 20% of 50', '20% * 50 = 10'],
    ['100 - 20%', '100 - 20% = 80'],
    ['what is the square root of 2', 'sqrt(2) ≈ 1.41421356237'],
    ['10 / 4 / 3', '10 / 4 / 3 ≈ 0.833333333333'],
    ['what is twenty-three times two hundred and five', '23 * 205 = 4715'],
    ['三加五等于几？', '3 + 5 = 8'],
    ['两万乘以三点五是多少', '20000 * 3.5 = 70000'],
    ['1 divided by 0', 'Nothing can be divided by zero.'],
    ['10^10^10', 'That number is too large to write down.'],
    ['what is a joke', null],
    ['2026-12-01', null],
    ['Are you open 24/7?', null],
    ['call 555-1234', null],
    ['what is 5', null],
  ],
  answer,
} as const satisfies Skill;

/** Longer messages are no expression that anybody wrote. */
const longest = 500;
/** A longer expression is not repeated before its result. */
const longestShown = 80;

const sentences: Readonly<Record<'zero' | 'large' | 'real', Readonly<Record<Language, string>>>> = {
  zero: { en: 'Nothing can be divided by zero.', zh: '除数不能是零。' },
  large: { en: 'That number is too large to write down.', zh: '这个数太大了，写不出来。' },
  real: { en: 'A negative number has no real root of that kind.', zh: '负数没有这样的实数根。' },
};

function answer({ raw, language }: Message): string | null {
  if (raw.length > longest) return null;
  const { text, cue } = expressionIn(prepared(raw));
  if (!/[\d\p{L}]/u.test(text)) return null;
  try {
    const tokens = tokensOf(text);
    if (!isSure(text, tokens, cue)) return null;
    const value = compute(tokens);
    return value.isComputed ? sentence(value) : null;
  } catch (thrown) {
    if (thrown instanceof NotAnExpression) return null;
    if (thrown instanceof DivisionByZero) return sentences.zero[language];
    if (thrown instanceof TooLarge) return sentences.large[language];
    if (thrown instanceof NotReal) return sentences.real[language];
    throw thrown;
  }
}

function sentence({ value, exact, shown }: Value): string {
  const result = decimalOf(value);
  const isExact = exact && result.exact;
  if (shown.length > longestShown) return isExact ? result.text : `≈ ${result.text}`;
  return `${shown} ${isExact ? '=' : '≈'} ${result.text}`;
}

/** Composed forms turn ² into 2, so powers are written out before. Other small digits stay and fit no expression. */
function prepared(raw: string): string {
  const powers = raw.replace(/²/g, '^2').replace(/³/g, '^3');
  if (/\p{No}/u.test(powers)) return '';
  return folded(
    powers
      .normalize('NFKC')
      .replace(/\s/g, ' ')
      .replace(/[\p{Cc}\p{Cf}]/gu, ''),
  ).trim();
}

/** How clearly a message asks to compute something. */
type Cue = 'none' | 'question' | 'order';

const opening =
  /(?:(please|can you|could you|tell me|hey|hi|hello|ok|okay|so|and|me|the result of|the value of|请问一下|请问|请你|请|帮我|麻烦|你好|那么|那|告诉我|一下)|(what is|what's|whats|what are|what does|what do|how much is|how much are|how many is|what)|(calculate|compute|work out|evaluate|solve|计算一下|计算|算一下|算算|算|求))(?![a-z])[ ,:,、]*/y;
/** What ends a question: signs, then a word that asks, then one that says "equals". */
const signs = ' ?.!。,呢啊呀吗';
const asking = ['how much', 'what', '多少', '几', '啥', '什么'];
const equal = ['=', 'equals', 'equal to', 'equal', 'makes', 'make', 'is', '等于', '是', '得', '有'];

function withoutSigns(text: string): string {
  let end = text.length;
  while (end > 0 && signs.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
}

function withoutLast(text: string, words: readonly string[]): string {
  const last = words.find((word) => text.endsWith(word));
  return last === undefined ? text : withoutSigns(text.slice(0, -last.length));
}

function expressionIn(message: string): { readonly text: string; readonly cue: Cue } {
  let cue: Cue = 'none';
  let at = 0;
  for (let count = 0; count < 6; count++) {
    opening.lastIndex = at;
    const match = opening.exec(message);
    if (!match) break;
    if (match[3]) cue = 'order';
    else if (match[2] && cue === 'none') cue = 'question';
    at += match[0].length;
  }
  const rest = withoutSigns(message.slice(at));
  const text = withoutLast(withoutLast(rest, asking), equal);
  return { text, cue: text === rest ? cue : 'order' };
}

/** Dates, telephone numbers and `24/7` look like differences and quotients. */
function isSure(text: string, tokens: readonly Token[], cue: Cue): boolean {
  const isTight = /^[+(]{0,2}\d+\)?(?:[-/x.]\d+)+$/.test(text);
  if (!isTight || cue === 'order') return true;
  const isNamed = text === '24/7' || text === '9/11';
  return cue === 'question' && tokens.length === 3 && !isNamed;
}
