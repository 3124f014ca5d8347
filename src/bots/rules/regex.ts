// The part of regular expressions that is matched in linear time: characters, classes, groups, alternatives, quantifiers,
// ^, $, \b. What needs more (lookaround, backreferences) is refused. Upper and lower case are the same; a group
// (?<name>...) is a slot.

import { quoted } from '../../quote.js';
import { foldedCharacter, isBoundary } from './message.js';
import type { Expression } from './program.js';

/** What is wrong with a regular expression, as the end of a sentence that begins with its place. */
export class RegexError extends Error {}

export interface Regex {
  readonly expression: Expression;
  /** The names of its groups. */
  readonly names: ReadonlySet<string>;
}

const longestRegex = 1000;
const mostDepth = 20;
const mostRepeats = 1000;

/** @throws RegexError */
export function parseRegex(source: string): Regex {
  if (source.length > longestRegex)
    throw new RegexError(
      `has a regular expression of ${source.length} characters; use at most ${longestRegex}`,
    );
  const names = new Set<string>();
  return { expression: new Reading([...source], names).whole(), names };
}

const start: Expression = { kind: 'assertion', holds: (_, at) => at === 0 };
const end: Expression = { kind: 'assertion', holds: (text, at) => at === text.length };
const wordBoundary: Expression = { kind: 'assertion', holds: (text, at) => isEdge(text, at) };
const noWordBoundary: Expression = { kind: 'assertion', holds: (text, at) => !isEdge(text, at) };

/** Between a word and something else. */
function isEdge(text: string, at: number): boolean {
  const [before, after] = [text[at - 1] ?? '', text[at] ?? ''];
  const inWord = (character: string) => /[\p{L}\p{M}\p{N}_]/u.test(character);
  return inWord(before) !== inWord(after) || (inWord(before) && isBoundary(text, at));
}

class Reading {
  private at = 0;

  constructor(
    private readonly characters: readonly string[],
    private readonly names: Set<string>,
  ) {}

  whole(): Expression {
    const read = this.choice(0);
    if (this.at < this.characters.length) throw this.refused('has ) without (');
    return read;
  }

  private refused(why: string): RegexError {
    return new RegexError(`has the regular expression ${quoted(this.characters.join(''))}, which ${why}`);
  }

  private choice(depth: number): Expression {
    if (depth > mostDepth) throw this.refused(`has more than ${mostDepth} groups inside of each other`);
    const parts = [this.sequence(depth)];
    while (this.characters[this.at] === '|') {
      this.at++;
      parts.push(this.sequence(depth));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'choice', parts };
  }

  private sequence(depth: number): Expression {
    const parts: Expression[] = [];
    for (;;) {
      const character = this.characters[this.at];
      if (character === undefined || character === '|' || character === ')') break;
      this.at++;
      parts.push(this.quantified(this.atom(character, depth)));
    }
    return { kind: 'sequence', parts: joinedLiterals(parts) };
  }

  private quantified(part: Expression): Expression {
    const rest = this.characters.slice(this.at, this.at + 20).join('');
    const match = /^(?:([*+?])|\{(\d{1,5})(?:(,)(\d{1,5})?)?\})(\?)?/.exec(rest);
    if (!match) return part;
    if (part.kind === 'assertion')
      throw this.refused('repeats a place between characters; repeat what stands there');
    this.at += match[0].length;
    const [, sign, low, comma, high, isLazy] = match;
    const least = sign === '+' ? 1 : Number(low ?? 0);
    const most = sign ? (sign === '?' ? 1 : null) : high ? Number(high) : comma ? null : least;
    if (least > mostRepeats || (most ?? 0) > mostRepeats)
      throw this.refused(`repeats more than ${mostRepeats} times; use fewer repetitions, or * or +`);
    if (most !== null && most < least) throw this.refused('repeats from more to fewer; swap the two numbers');
    if (/^[*+?]/.test(this.characters[this.at] ?? ''))
      throw this.refused('has two quantifiers in a row; remove one, or put the first into a group');
    return { kind: 'repeat', part, least, most, lazy: isLazy !== undefined };
  }

  private atom(character: string, depth: number): Expression {
    switch (character) {
      case '(':
        return this.group(depth);
      case '[':
        return this.class();
      case '\\':
        return this.escape();
      case '.':
        return { kind: 'character', test: () => true };
      case '^':
        return start;
      case '$':
        return end;
      case '*':
      case '+':
      case '?':
        throw this.refused(`has ${character} with nothing before it; write \\${character} for itself`);
      default:
        return { kind: 'literal', text: foldedCharacter(character) };
    }
  }

  private group(depth: number): Expression {
    const rest = this.characters.slice(this.at, this.at + 80).join('');
    const [written = '', name] = /^\?(?::|<([\p{L}_][\p{L}\p{N}_]{0,59})>)/u.exec(rest) ?? [];
    if (written === '' && rest.startsWith('?'))
      throw this.refused(
        'uses lookaround or another kind of group that can run away; use (...) or (?<name>...)',
      );
    this.at += [...written].length;
    const inside = this.choice(depth + 1);
    if (this.characters[this.at++] !== ')') throw this.refused('has ( without )');
    if (name === undefined) return inside;
    if (this.names.has(name)) throw this.refused(`has two groups named ${name}; rename one`);
    this.names.add(name);
    return { kind: 'capture', name, part: inside };
  }

  private class(): Expression {
    let source = '[';
    for (;;) {
      const character = this.characters[this.at++];
      if (character === undefined) throw this.refused('has [ without ]');
      source += character;
      if (character === '\\') source += this.characters[this.at++] ?? '';
      else if (character === ']') return this.single(source);
    }
  }

  private escape(): Expression {
    const character = this.characters[this.at++];
    if (character === undefined) throw this.refused('ends with \\; write \\\\ for itself');
    if (character === 'b') return wordBoundary;
    if (character === 'B') return noWordBoundary;
    if (/[1-9k]/.test(character))
      throw this.refused('refers back to a group, which can run away; write out what the group may be');
    if (/[pPux]/.test(character)) return this.longEscape(character);
    return this.single(`\\${character}`);
  }

  /** \p{Han}, \u4e00, \u{1F600}, \x41 */
  private longEscape(letter: string): Expression {
    const rest = this.characters.slice(this.at, this.at + 60).join('');
    const digits = letter === 'x' ? 2 : 4;
    const [written = ''] = new RegExp(`^(?:\\{[^{}]*\\}|[0-9a-fA-F]{${digits}})`).exec(rest) ?? [];
    this.at += [...written].length;
    return this.single(`\\${letter}${written}`);
  }

  /** What takes one character: only here is an expression of the file given to JavaScript's own. */
  private single(source: string): Expression {
    try {
      const pattern = new RegExp(`^${source}$`, 'isu');
      return { kind: 'character', test: (character) => pattern.test(character) };
    } catch {
      throw this.refused(
        `has ${quoted(source, 40)}, which is not valid; write a character that is meant itself after \\`,
      );
    }
  }
}

function joinedLiterals(parts: readonly Expression[]): readonly Expression[] {
  const joined: Expression[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === 'literal' && last?.kind === 'literal')
      joined[joined.length - 1] = { kind: 'literal', text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}
