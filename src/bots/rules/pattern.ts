// What a person writes as a pattern: `[please] where is my (order|parcel) {number}`. `[...]` may be missing, `(a|b)` is
// one of several, `{number}` is a slot, `{from:city}` a slot with another name than its kind, `{_:city}` one that no
// answer needs, `*` any words or none. A pattern matches a whole message. Upper and lower case and the punctuation between
// and around words do not matter.

import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { valueName } from '../answer-text.js';
import { cleaned, folded, isBoundary, isSeparator, isUnspaced } from './message.js';
import type { Expression } from './program.js';
import type { SlotKind } from './slots.js';

/** What is wrong with a pattern, as the end of a sentence that begins with its place. */
export class PatternError extends Error {}

export interface Pattern {
  readonly expression: Expression;
  /** Its slots: the kind by the name under which answers use them. */
  readonly slots: ReadonlyMap<string, SlotKind>;
  /** The same for patterns that differ only in case, spaces and punctuation. */
  readonly canonical: string;
  /** Messages that it matches, one for each way through its choices, up to `mostExamples`. */
  examples(): readonly string[];
}

export const mostExamples = 16;
const mostDepth = 20;
/** The name of slots that no answer needs. */
const unused = '_';
const longestPattern = 1000;

const separators: Expression = {
  kind: 'repeat',
  part: { kind: 'character', test: (character) => isSeparator(character) },
  least: 0,
  most: null,
  lazy: false,
};
/** Between words. */
const gap: Expression = {
  kind: 'sequence',
  parts: [separators, { kind: 'assertion', holds: isBoundary }],
};
const anything: Expression = {
  kind: 'repeat',
  part: { kind: 'character', test: () => true },
  least: 0,
  most: null,
  lazy: true,
};

const noSlots: ReadonlyMap<string, SlotKind> = new Map();

/** A part of a pattern, with what its neighbours must know. */
interface Part {
  readonly expression: Expression;
  readonly slots: ReadonlyMap<string, SlotKind>;
  readonly canonical: string;
  readonly examples: () => readonly string[];
  readonly edge: 'gap' | 'slot' | 'spaced' | 'unspaced' | 'group';
}

/** @throws PatternError */
export function parsePattern(text: string, kinds: ReadonlyMap<string, SlotKind>): Pattern {
  if (text.length > longestPattern)
    throw new PatternError(`is a pattern of ${text.length} characters; use at most ${longestPattern}`);
  const reading = new Reading([...cleaned(text)], kinds);
  const { expression, slots, canonical, examples } = reading.whole();
  if (canonical.replace(/[\s*]/g, '') === '') throw new PatternError('matches every message; add a word');
  return {
    expression,
    slots,
    canonical,
    examples: () => examples().map((one) => one.replace(/ +/g, ' ').trim()),
  };
}

class Reading {
  private at = 0;

  constructor(
    private readonly characters: readonly string[],
    private readonly kinds: ReadonlyMap<string, SlotKind>,
  ) {}

  whole(): Part {
    const read = this.choice(0);
    const left = this.characters[this.at];
    if (left !== undefined)
      throw new PatternError(`has ${left} without its beginning; write \\${left} for itself`);
    return read;
  }

  private choice(depth: number): Part {
    if (depth > mostDepth) throw new PatternError(`has more than ${mostDepth} brackets inside of each other`);
    const ways = [this.sequence(depth)];
    while (this.characters[this.at] === '|') {
      this.at++;
      ways.push(this.sequence(depth));
    }
    return ways.length === 1 && ways[0] ? ways[0] : chosen(ways);
  }

  private sequence(depth: number): Part {
    const parts: Part[] = [];
    for (;;) {
      const character = this.characters[this.at];
      if (character === undefined || character === '|' || character === ')' || character === ']') break;
      parts.push(this.part(character, depth));
    }
    return joined(parts);
  }

  private part(character: string, depth: number): Part {
    this.at++;
    if (character === '(' || character === '[') return this.group(character, depth);
    if (character === '{') return this.slot();
    if (character === '*') return { ...plain(anything, '*', ''), edge: 'gap' };
    if (character === '\\') return this.escaped();
    if (isSeparator(character)) return { ...plain(gap, ' ', ' '), edge: 'gap' };
    return this.letters(character);
  }

  /** As many ordinary characters of one kind of script as follow. */
  private letters(first: string): Part {
    const unspaced = isUnspaced(first);
    let text = first;
    for (; ; this.at++) {
      const character = this.characters[this.at];
      if (character === undefined || special.test(character) || isSeparator(character)) break;
      if (isUnspaced(character) !== unspaced) break;
      text += character;
    }
    return literal(text);
  }

  private escaped(): Part {
    const character = this.characters[this.at++];
    if (character === undefined) throw new PatternError('ends with \\; write \\\\ for itself');
    return literal(character);
  }

  private group(open: '(' | '[', depth: number): Part {
    const inside = this.choice(depth + 1);
    const close = open === '(' ? ')' : ']';
    if (this.characters[this.at++] !== close) throw new PatternError(`has ${open} without ${close}`);
    if (inside.canonical.trim() === '') throw new PatternError(`has ${open}${close} without words`);
    return open === '(' ? { ...inside, canonical: `(${inside.canonical})`, edge: 'group' } : optional(inside);
  }

  private slot(): Part {
    const rest = this.characters.slice(this.at).join('');
    const [whole, written = ''] = /^([^{}]*)\}/.exec(rest) ?? [];
    if (whole === undefined) throw new PatternError('has { without }');
    this.at += [...whole].length;
    const names = written.split(':').map((name) => name.trim());
    const kindName = names.pop() ?? '';
    const name = names.pop();
    if (names.length > 0 || (name !== undefined && valueName(name) === undefined))
      throw this.unknown(written, '');
    const kind = this.kinds.get(kindName);
    if (!kind) throw this.unknown(written, kindName);
    const plainSlot = {
      ...{ canonical: `{${kindName}}`, examples: () => [kind.example] },
      edge: 'slot',
    } as const;
    if (name === unused) return { ...plainSlot, expression: kind.expression, slots: noSlots };
    const expression: Expression = { kind: 'capture', name: name ?? kindName, part: kind.expression };
    return { ...plainSlot, expression, slots: new Map([[name ?? kindName, kind]]) };
  }

  private unknown(written: string, kindName: string): PatternError {
    if (kindName === '')
      return new PatternError(`has the slot ${quoted(`{${written}}`, 40)}; write {kind} or {name:kind}`);
    const names = [...this.kinds.keys()];
    const near = nearest(kindName, names);
    const advice =
      near === undefined
        ? `use one of ${names.slice(0, 12).join(', ')}, or add the list ${quoted(kindName)}`
        : `did you mean {${near}}?`;
    return new PatternError(`has a slot of the unknown kind ${quoted(kindName)}; ${advice}`);
  }
}

function plain(expression: Expression, canonical: string, example: string): Omit<Part, 'edge'> {
  return { expression, slots: noSlots, canonical, examples: () => [example] };
}

const special = /^[()[\]{}|*\\]$/;

/** @param text of one kind of script. */
function literal(text: string): Part {
  const wanted = folded(text);
  return {
    ...plain({ kind: 'literal', text: wanted }, wanted, text),
    edge: isUnspaced([...text][0] ?? '') ? 'unspaced' : 'spaced',
  };
}

function optional(part: Part): Part {
  return {
    ...part,
    expression: { kind: 'repeat', part: part.expression, least: 0, most: 1, lazy: false },
    canonical: `[${part.canonical}]`,
    examples: () => ['', ...part.examples()].slice(0, mostExamples),
    edge: 'group',
  };
}

function chosen(ways: readonly Part[]): Part {
  return {
    expression: { kind: 'choice', parts: ways.map(({ expression }) => expression) },
    slots: new Map(ways.flatMap(({ slots }) => [...slots])),
    canonical: ways.map(({ canonical }) => canonical).join('|'),
    examples: () => ways.flatMap(({ examples }) => examples()).slice(0, mostExamples),
    edge: 'group',
  };
}

function joined(parts: readonly Part[]): Part {
  const slots = new Map<string, SlotKind>();
  const expressions: Expression[] = [];
  parts.forEach((part, at) => {
    for (const [name, kind] of part.slots) {
      if (slots.has(name))
        throw new PatternError(
          `has the slot {${name}} twice; give each a name, such as {first:${kind.name}} and {second:${kind.name}}`,
        );
      slots.set(name, kind);
    }
    const before = parts[at - 1];
    if (before && mayHaveSpace(before, part)) expressions.push(separators);
    expressions.push(part.expression);
  });
  const canonical = parts
    .map((part) => part.canonical)
    .join('')
    .replace(/ +/g, ' ')
    .trim();
  return {
    expression: { kind: 'sequence', parts: expressions },
    slots,
    canonical,
    examples: () => inTurn(parts),
    edge: 'group',
  };
}

function inTurn(parts: readonly Part[]): readonly string[] {
  return parts.reduce<readonly string[]>(
    (before, part) =>
      before.flatMap((one) => part.examples().map((next) => one + next)).slice(0, mostExamples),
    [''],
  );
}

/** People write spaces between Chinese and Latin letters, and around numbers, or leave them out. */
function mayHaveSpace(before: Part, after: Part): boolean {
  const edges = [before.edge, after.edge];
  if (edges.includes('gap')) return false;
  return edges.includes('slot') || (edges.includes('unspaced') && before.edge !== after.edge);
}
