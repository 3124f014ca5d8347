// Turns a table of options into commander flags, and what commander parsed into given options. Values are not checked here:
// config/schema.ts checks them together with those of the config file.

import { Argument, type Command, Option } from 'commander';
import type { Given, GivenOptions } from '../config/schema.js';
import { UserError } from '../errors.js';
import {
  defaultText,
  entriesOf,
  isPositional,
  kebab,
  type OptionSpec,
  type OptionTable,
} from '../option-spec.js';
import { nearest } from '../suggest.js';

const COMMAND_LINE = 'on the command line';

/** Adds every option of the table, grouped for `--help`. */
export function addOptions(command: Command, table: OptionTable): void {
  for (const [key, spec] of entriesOf(table)) {
    if (isPositional(spec)) command.addArgument(new Argument(positionalName(key, spec), spec.help));
    else
      for (const option of commanderOptions(key, spec)) command.addOption(option.helpGroup(`${spec.group}:`));
  }
}

function positionalName(key: string, spec: OptionSpec): string {
  return spec.type === 'list' ? `[${kebab(key)}...]` : `[${kebab(key)}]`;
}

/** A switch has two flags; `--help` shows the one that changes the default. */
function commanderOptions(key: string, spec: OptionSpec): Option[] {
  const long = `--${kebab(key)}`;
  if (spec.type === 'switch') {
    const on = new Option(long, spec.help);
    const off = new Option(`--no-${kebab(key)}`, spec.help);
    return spec.default ? [off, on.hideHelp()] : [on, off.hideHelp()];
  }
  const names = spec.alias === undefined ? long : `--${spec.alias}, ${long}`;
  const option = new Option(`${names} ${placeholder(spec)}`, description(spec));
  if (spec.type === 'list' && spec.onePerFlag === true)
    option.argParser((value, before: readonly string[] = []) => [...before, value]);
  return [option];
}

function placeholder(spec: Exclude<OptionSpec, { type: 'switch' }>): string {
  if (spec.type === 'choice') return `<${spec.choices.join('|')}>`;
  if (spec.type === 'list' && spec.onePerFlag !== true) return `<${spec.value}...>`;
  if ('word' in spec && spec.word !== undefined) return `<${spec.value}|${spec.word}>`;
  return spec.type === 'optional-text' ? `[${spec.value}]` : `<${spec.value}>`;
}

function description(spec: OptionSpec): string {
  const unlessGiven = defaultText(spec);
  return unlessGiven === undefined ? spec.help : `${spec.help} (default: ${unlessGiven})`;
}

/**
 * The options given on the command line, including the positional arguments if the table has them.
 * @throws UserError (usage) when a flag without a value is followed by another flag.
 */
export function givenFlags<Key extends string>(
  command: Command,
  table: Readonly<Record<Key, OptionSpec>>,
): GivenOptions<Key> {
  const given = new Map<Key, Given>();
  for (const [key, spec] of entriesOf(table)) {
    const value: unknown = isPositional(spec) ? positionalValue(command, spec) : flagValue(command, key);
    if (value !== undefined) given.set(key, { value: typedValue(spec, value), where: COMMAND_LINE });
  }
  return given;
}

function positionalValue({ args }: Command, spec: OptionSpec): unknown {
  return spec.type === 'list' && args.length > 0 ? args : args[0];
}

function flagValue(command: Command, key: string): unknown {
  if (command.getOptionValueSource(key) !== 'cli') return undefined;
  const value: unknown = command.getOptionValue(key);
  // `--prompt "-- or so"` is a message; in `--prompt --json` the message is missing.
  const swallowed = [value]
    .flat()
    .find((each) => typeof each === 'string' && /^--[a-z][\w-]*(=|$)/i.test(each));
  if (swallowed !== undefined)
    throw new UserError('option-invalid', `--${kebab(key)} needs a value, but ${swallowed} follows it`);
  return value;
}

/** Converts text that spells a number; the schema refuses anything else. */
export function typedValue(spec: OptionSpec, value: unknown): unknown {
  const isNumber = spec.type === 'integer' || spec.type === 'number';
  if (!isNumber || typeof value !== 'string') return value;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
}

/** The error for an unknown flag. */
export function unknownFlag(flag: string, command: Command): UserError {
  const [name = flag] = flag.split('=');
  const word = command.registeredArguments.find((argument) => name === `--${argument.name()}`);
  if (word !== undefined)
    return new UserError(
      'option-unknown',
      `unknown flag ${flag}; give the ${word.name()} without a flag: ${command.name()} <${word.name()}>`,
    );
  const known = command.options.flatMap(({ short, long, hidden }) => (hidden ? [] : [short, long]));
  const near = nearest(name, known.filter((spelling) => spelling?.startsWith('--')).map(String));
  const hint = near === undefined ? `${fullName(command)} --help lists all flags` : `did you mean ${near}?`;
  return new UserError('option-unknown', `unknown flag ${flag}; ${hint}`);
}

function fullName(command: Command): string {
  return command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
}
