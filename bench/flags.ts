// A program's table of flags: its help, and one sentence for each kind of mistake.

import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../src/errors.js';
import { quoted } from '../src/quote.js';
import { nearest } from '../src/suggest.js';

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly default?: string | undefined;
  /** The placeholder of its value in the help. */
  readonly value?: string;
  readonly help: string;
}

export interface FlagValues<Name extends string> {
  /** @throws UserError (usage) if the flag was given without a value. */
  text(name: Name): string | undefined;
  /**
   * @param usual if the flag has no default
   * @throws UserError (usage)
   */
  positive(name: Name, usual?: number): number;
  /** The flags that were given. */
  readonly given: ReadonlySet<Name>;
  /** The words that are no flags. */
  readonly words: readonly string[];
}

/** One line for each flag. */
export function flagHelp(flags: Readonly<Record<string, Flag>>): string[] {
  return Object.entries(flags).map(([name, flag]) => {
    const usual = flag.default === undefined ? '' : ` (default: ${flag.default})`;
    return `  ${`--${name}${flag.value ? ` ${flag.value}` : ''}`.padEnd(16)}  ${flag.help}${usual}`;
  });
}

/**
 * @param program its name in messages.
 * @throws UserError (usage) for unknown flags.
 */
export function parseFlags<Name extends string>(
  program: string,
  flags: Readonly<Record<Name, Flag>>,
  args: readonly string[],
): FlagValues<Name> {
  const { values, positionals: words, tokens } = parsed(flags, args);
  const given = new Set<Name>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(flags, token.name)) throw unknown(program, token.rawName, Object.keys(flags));
    given.add(token.name as Name);
  }
  const text = (name: Name): string | undefined => {
    const value = values[name] ?? flags[name].default;
    if (value === undefined || (typeof value === 'string' && value !== '')) return value;
    throw new UserError('option-invalid', `--${name} needs a value; see --help.`);
  };
  const positive = (name: Name, usual?: number): number => {
    const value = Number(text(name) ?? usual);
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    throw new UserError('option-invalid', `--${name} must be a number above 0, not ${quoted(text(name))}.`);
  };
  return { text, positive, given, words };
}

/** @throws UserError (usage) if there are words that are no flags. */
export function expectNoWords(program: string, [word]: readonly string[]): void {
  if (word !== undefined)
    throw new UserError(
      'argument-unexpected',
      `${program} accepts only flags, not ${quoted(word)}; --help lists them.`,
    );
}

function parsed(flags: Readonly<Record<string, Flag>>, args: readonly string[]) {
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }]));
  try {
    return parseArgs({
      args: [...args],
      options,
      strict: false,
      allowPositionals: true,
      tokens: true,
    });
  } catch (thrown) {
    throw new UserError('option-invalid', messageOf(thrown));
  }
}

function unknown(program: string, name: string, known: readonly string[]): UserError {
  const near = nearest(name.replace(/^-+/, ''), known);
  const hint = near === undefined ? '' : ` (did you mean --${near}?)`;
  return new UserError('option-unknown', `${program} has no flag ${quoted(name)}${hint}; --help lists them.`);
}
