// The regular expressions of a program: those written in compiled files, and those made while it runs.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';
import { parse, type Token, tokTypes } from 'acorn';
import { getFirstConsumedChar } from 'regexp-ast-analysis';
import { analyse } from 'scslre';

export interface Pattern {
  readonly source: string;
  readonly flags: string;
}

/** Why a search with the pattern can take more than linear time; empty if it cannot. */
export function faultsOf(pattern: Pattern): readonly string[] {
  const shown = `/${pattern.source.slice(0, 200)}/${pattern.flags}`;
  return [...superlinear(pattern), ...overlapping(pattern)].map((fault) => `${fault}: ${shown}`);
}

const unbounded = /[*+]|\{\d+,\}/;

function superlinear({ source, flags }: Pattern): readonly string[] {
  // If every quantifier is bounded, so is the number of steps for each character.
  if (!unbounded.test(source)) return [];
  const { reports } = analyse({ source, flags });
  return reports.map(({ type, exponential }) => `${kinds[type]}${exponential ? ', exponential' : ''}`);
}

/** With so many repetitions, a choice in each is too much, even if their number is bounded. */
const manyRepetitions = 20;

/** Repeated groups in which two alternatives begin with the same character, which scslre does not look for. */
function overlapping({ source, flags }: Pattern): readonly string[] {
  const unicode = flags.includes('u');
  const parsed = new RegExpParser().parsePattern(source, 0, source.length, { unicode });
  const read = { unicode, ignoreCase: flags.includes('i'), dotAll: flags.includes('s') };
  const faults: string[] = [];
  visitRegExpAST(parsed, {
    onQuantifierEnter({ max, element, raw }) {
      if (max < manyRepetitions || !('alternatives' in element)) return;
      const firsts = element.alternatives.map((one) => getFirstConsumedChar(one, 'ltr', read).char);
      const isClear = firsts.every((one, at) =>
        firsts.slice(0, at).every((other) => one.isDisjointWith(other)),
      );
      if (!isClear) faults.push(`alternatives of ${raw} begin with the same character`);
    },
  });
  return faults;
}

const kinds = {
  Trade: 'two quantifiers take the same characters',
  Self: 'a quantifier inside of a quantifier takes the same characters',
  Move: 'a quantifier begins again at each character',
} as const;

/** The literals in the compiled files below a folder, by file. */
export function literalsBelow(folder: string): ReadonlyMap<string, readonly Pattern[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'))
    .sort();
  return new Map(files.map((file) => [file, literalsIn(readFileSync(join(folder, file), 'utf8'))]));
}

function literalsIn(program: string): Pattern[] {
  const tokens: Token[] = [];
  parse(program, { ecmaVersion: 'latest', sourceType: 'module', onToken: tokens });
  return tokens.filter(({ type }) => type === tokTypes.regexp).map(patternOf);
}

// The types of acorn leave out the value of a token.
function patternOf(token: Token): Pattern {
  const { value } = token as Token & { readonly value: { readonly pattern: string; readonly flags: string } };
  return { source: value.pattern, flags: value.flags };
}

/** The patterns that the project's own files make by `new RegExp` while `run` runs. It must load the modules itself. */
export async function patternsMade(run: () => Promise<void>): Promise<readonly Pattern[]> {
  const made: Pattern[] = [];
  const plain = globalThis.RegExp;
  const note = (pattern: RegExp) => {
    const caller = new Error().stack?.split('\n')[3] ?? '';
    if (!caller.includes('node_modules')) made.push({ source: pattern.source, flags: pattern.flags });
    return pattern;
  };
  globalThis.RegExp = new Proxy(plain, {
    construct: (target, given: [string, string?]) => note(new target(...given)),
    apply: (target, _, given: [string, string?]) => note(target(...given)),
  });
  try {
    await run();
  } finally {
    globalThis.RegExp = plain;
  }
  return made;
}
