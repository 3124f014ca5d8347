// Arithmetic in words and symbols: a lexer and a Pratt parser that computes while it reads. It knows what an expression
// is, not whether a message asks for one.

import { isBoundary } from '../message.js';
import { numberAt } from '../numbers.js';
import {
  add,
  divide,
  multiply,
  negate,
  parseRational,
  power,
  type Rational,
  rational,
  remainder,
  root,
  shortened,
  subtract,
  TooLarge,
} from './rational.js';

/** The text is no expression. */
export class NotAnExpression extends Error {}

type Operator = '+' | '-' | '*' | '/' | '^' | '%' | 'mod' | 'of' | 'percent of' | 'parts';

export type Token =
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'operator'; readonly operator: Operator }
  /** Before an operand: √, or 百分之, which makes a percentage of it. */
  | { readonly kind: 'function'; readonly name: 'square root' | 'cube root' | 'percent' }
  /** After an operand. */
  | { readonly kind: 'power'; readonly exponent: string }
  | { readonly kind: 'root'; readonly degree: 2 | 3 }
  | { readonly kind: 'percent' }
  | { readonly kind: 'open' | 'close' }
  /** `add 3 and 5`, `subtract 3 from 10`: an operator before its operands, and what stands between them. */
  | { readonly kind: 'order'; readonly operator: Operator; readonly joints: readonly Joint[] }
  | { readonly kind: 'joint'; readonly word: Joint };

type Joint = 'and' | 'to' | 'from' | 'by' | 'with';

const order = (operator: Operator, ...joints: readonly Joint[]): Token => ({
  kind: 'order',
  operator,
  joints,
});
const joint = (word: Joint): Token => ({ kind: 'joint', word });
const operator = (one: Operator): Token => ({ kind: 'operator', operator: one });
const named = (name: 'square root' | 'cube root' | 'percent'): Token => ({ kind: 'function', name });
const raised = (exponent: string): Token => ({ kind: 'power', exponent });

/** What is written for a token. Longer ones first; words end where letters end. */
const written: readonly (readonly [text: string, token: Token])[] = [
  ['the sum of', order('+', 'and')],
  ['sum of', order('+', 'and')],
  ['the product of', order('*', 'and')],
  ['product of', order('*', 'and')],
  ['the difference between', order('-', 'and')],
  ['add', order('+', 'and', 'to')],
  ['subtract', order('-', 'from')],
  ['multiply', order('*', 'by', 'with', 'and')],
  ['divide', order('/', 'by')],
  ['and', joint('and')],
  ['to the power of', operator('^')],
  ['to', joint('to')],
  ['from', joint('from')],
  ['by', joint('by')],
  ['with', joint('with')],
  ['raised to the power of', operator('^')],
  ['the square root of', named('square root')],
  ['square root of', named('square root')],
  ['the cube root of', named('cube root')],
  ['cube root of', named('cube root')],
  ['multiplied by', operator('*')],
  ['divided by', operator('/')],
  ['percent of', operator('percent of')],
  ['per cent', { kind: 'percent' }],
  ['percent', { kind: 'percent' }],
  ['squared', raised('2')],
  ['cubed', raised('3')],
  ['sqrt of', named('square root')],
  ['sqrt', named('square root')],
  ['modulo', operator('mod')],
  ['mod', operator('mod')],
  ['plus', operator('+')],
  ['minus', operator('-')],
  ['negative', operator('-')],
  ['times', operator('*')],
  ['x', operator('*')],
  ['的平方根', { kind: 'root', degree: 2 }],
  ['的立方根', { kind: 'root', degree: 3 }],
  ['的平方', raised('2')],
  ['的立方', raised('3')],
  ['的', operator('of')],
  ['平方根', named('square root')],
  ['根号', named('square root')],
  ['百分之', named('percent')],
  ['分之', operator('parts')],
  ['加上', operator('+')],
  ['加', operator('+')],
  ['减去', operator('-')],
  ['减', operator('-')],
  ['负', operator('-')],
  ['乘以', operator('*')],
  ['乘上', operator('*')],
  ['乘', operator('*')],
  ['除以', operator('/')],
  ['**', operator('^')],
  ['+', operator('+')],
  ['-', operator('-')],
  ['−', operator('-')],
  ['–', operator('-')],
  ['*', operator('*')],
  ['×', operator('*')],
  ['·', operator('*')],
  ['/', operator('/')],
  ['÷', operator('/')],
  ['⁄', operator('/')],
  ['^', operator('^')],
  ['%', { kind: 'percent' }],
  ['√', named('square root')],
  ['∛', named('cube root')],
  ['(', { kind: 'open' }],
  [')', { kind: 'close' }],
];

const mostTokens = 300;
const longestNumber = 200;
/** 的三次方: to the power of three. */
const chinesePower = /次方/uy;

/** @param text in lower case. @throws NotAnExpression */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const { token, end } = tokenAt(text, at);
    tokens.push(token);
    if (tokens.length > mostTokens) throw new NotAnExpression();
    at = end;
  }
  return tokens;
}

function tokenAt(text: string, at: number): { readonly token: Token; readonly end: number } {
  const number = numberAt(text, at);
  if (number && isWhole(text, at, number.end) && number.digits.length <= longestNumber)
    return { token: { kind: 'number', digits: number.digits }, end: number.end };
  const power = text[at] === '的' ? numberAt(text, at + 1) : null;
  if (power) {
    chinesePower.lastIndex = power.end;
    if (chinesePower.test(text)) return { token: raised(power.digits), end: power.end + 2 };
  }
  if (/^of /.test(text.slice(at, at + 3))) return { token: operator('of'), end: at + 2 };
  const known = written.find(([word]) => text.startsWith(word, at) && isWhole(text, at, at + word.length));
  if (!known) throw new NotAnExpression();
  return { token: known[1], end: at + known[0].length };
}

/** Words of letters must not be parts of other words; `3x4` is not one word. */
function isWhole(text: string, at: number, end: number): boolean {
  const isWord = /[a-z]/.test(text.slice(at, end)) && text.slice(at, end) !== 'x';
  return !isWord || (isBoundary(text, at) && isBoundary(text, end));
}

/** A number on the way to the result. */
export interface Value {
  readonly value: Rational;
  /** False once a root had to be rounded. */
  readonly exact: boolean;
  /** The expression in symbols. */
  readonly shown: string;
  readonly isPercent: boolean;
  /** Whether anything was computed. */
  readonly isComputed: boolean;
}

const binding: Readonly<Record<Operator, number>> = {
  '+': 10,
  '-': 10,
  '*': 20,
  '/': 20,
  '%': 20,
  mod: 20,
  of: 20,
  'percent of': 20,
  '^': 30,
  parts: 50,
};
/** Between multiplication and powers, so that -2^2 is -4. */
const bindingOfSign = 25;
const mostDepth = 50;

/** @throws NotAnExpression, DivisionByZero, TooLarge or NotReal */
export function compute(tokens: readonly Token[]): Value {
  const parser = new Parser(tokens);
  const value = parser.expression(0, 0);
  if (!parser.isAtEnd) throw new NotAnExpression();
  return value;
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  expression(least: number, depth: number): Value {
    if (depth > mostDepth) throw new NotAnExpression();
    let left = this.operand(depth);
    for (;;) {
      const token = this.tokens[this.at];
      if (!token) return left;
      if (token.kind === 'percent' && !this.isOperandNext()) {
        left = { ...percentage(left), shown: `${left.shown}%` };
        this.at++;
      } else if (token.kind === 'power') {
        left = raise(left, literal(token.exponent));
        this.at++;
      } else if (token.kind === 'root') {
        left = rooted(left, token.degree);
        this.at++;
      } else {
        const infix = token.kind === 'percent' ? '%' : token.kind === 'operator' ? token.operator : null;
        if (infix === null || binding[infix] <= least) return left;
        this.at++;
        // Powers bind to the right: 2^3^2 is 2^9.
        const right = this.expression(infix === '^' ? binding[infix] - 1 : binding[infix], depth + 1);
        left = combine(infix, left, right);
      }
    }
  }

  /** Whether % stands between two operands and asks for a remainder. */
  private isOperandNext(): boolean {
    const next = this.tokens[this.at + 1]?.kind;
    return next === 'number' || next === 'open' || next === 'function';
  }

  private operand(depth: number): Value {
    const token = this.tokens[this.at++];
    switch (token?.kind) {
      case 'number':
        return literal(token.digits);
      case 'open': {
        const inside = this.expression(0, depth + 1);
        if (this.tokens[this.at++]?.kind !== 'close') throw new NotAnExpression();
        return { ...inside, shown: `(${inside.shown})`, isPercent: false };
      }
      case 'operator': {
        if (token.operator !== '-' && token.operator !== '+') throw new NotAnExpression();
        const signed = this.expression(bindingOfSign, depth + 1);
        if (token.operator === '+') return signed;
        return { ...signed, value: negate(signed.value), shown: `-${signed.shown}` };
      }
      case 'order': {
        const first = this.expression(0, depth + 1);
        const between = this.tokens[this.at++];
        if (between?.kind !== 'joint' || !token.joints.includes(between.word)) throw new NotAnExpression();
        const second = this.expression(0, depth + 1);
        const isTurned = between.word === 'from';
        const [left, right] = isTurned ? [second, first] : [first, second];
        return combine(token.operator, bracketed(left), bracketed(right));
      }
      case 'function': {
        const inside = this.expression(bindingOfSign, depth + 1);
        if (token.name === 'percent') return { ...percentage(inside), shown: `${inside.shown}%` };
        return rooted(inside, token.name === 'square root' ? 2 : 3);
      }
      default:
        throw new NotAnExpression();
    }
  }
}

function literal(digits: string): Value {
  return { value: parseRational(digits), exact: true, shown: digits, isPercent: false, isComputed: false };
}

function rooted(of: Value, degree: 2 | 3): Value {
  const found = root(of.value, degree);
  const inside = of.shown.startsWith('(') && of.shown.endsWith(')') ? of.shown : `(${of.shown})`;
  return computed(found.value, of.exact && found.exact, `${degree === 2 ? 'sqrt' : 'cbrt'}${inside}`);
}

/** So that `add 1 and 2` in a larger expression is shown as it was meant. */
function bracketed(value: Value): Value {
  return value.isComputed && !value.shown.startsWith('(') ? { ...value, shown: `(${value.shown})` } : value;
}

function percentage(of: Value): Value {
  return { ...of, value: divide(of.value, rational(100n)), isPercent: true };
}

function computed(value: Rational, exact: boolean, shown: string): Value {
  return { value: exact ? value : shortened(value), exact, shown, isPercent: false, isComputed: true };
}

function combine(operator: Operator, left: Value, right: Value): Value {
  const exact = left.exact && right.exact;
  const [one, other] = [left.value, right.value];
  switch (operator) {
    case '+':
    case '-': {
      // 100 - 20% is 80, as on a pocket calculator.
      const changed = right.isPercent && !left.isPercent ? multiply(one, other) : other;
      const value = operator === '+' ? add(one, changed) : subtract(one, changed);
      const result = computed(value, exact, `${left.shown} ${operator} ${right.shown}`);
      return left.isPercent && right.isPercent ? { ...result, isPercent: true } : result;
    }
    case '*':
      return computed(multiply(one, other), exact, `${left.shown} * ${right.shown}`);
    case 'of':
      return part(left, right);
    case 'percent of':
      return part({ ...percentage(left), shown: `${left.shown}%` }, right);
    case '/':
      return computed(divide(one, other), exact, `${left.shown} / ${right.shown}`);
    case '%':
    case 'mod':
      return computed(remainder(one, other), exact, `${left.shown} % ${right.shown}`);
    case '^':
      return raise(left, right);
    case 'parts':
      return computed(divide(other, one), exact, `${right.shown} / ${left.shown}`);
    default:
      return operator satisfies never;
  }
}

/** `20% of 50` and `五十的百分之二十`: one of them must be a percentage. */
function part(left: Value, right: Value): Value {
  if (!left.isPercent && !right.isPercent) throw new NotAnExpression();
  return computed(
    multiply(left.value, right.value),
    left.exact && right.exact,
    `${left.shown} * ${right.shown}`,
  );
}

const mostDegree = 100n;
const mostExponent = 10_000n;

function raise(base: Value, exponent: Value): Value {
  const shown = `${base.shown}^${exponent.shown}`;
  const { numerator, denominator } = exponent.value;
  if (denominator === 1n) return computed(power(base.value, numerator), base.exact && exponent.exact, shown);
  if (!exponent.exact || denominator > mostDegree) throw new NotAnExpression();
  if (numerator > mostExponent || numerator < -mostExponent) throw new TooLarge();
  const found = root(power(base.value, numerator), Number(denominator));
  return computed(found.value, base.exact && found.exact, shown);
}
