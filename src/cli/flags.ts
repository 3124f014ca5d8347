// A table of options as commander flags, and what commander parsed as given options. Values stay unchecked here:
// config/schema.ts checks them together with those of the config file.

import { type Command, Option } from 'commander';
import { defaultText, entriesOf, kebab, type OptionSpec, type OptionTable } from '../config/option-spec.js';
import type { Given, GivenOptions } from '../config/schema.js';
import { UserError } from '../errors.js';
import { nearest } from '../suggest.js';

const COMMAND_LINE = 'on the command line';

/** Adds every option of the table, grouped for `--help`. */
export function addOptions(command: Command, table: OptionTable): void {
  for (const [key, spec] of entriesOf(table)) {
    for (const option of commanderOptions(key, spec)) command.addOption(option.helpGroup(`${spec.group}:`));
  }
}

/** A switch has two flags, of which `--help` shows the one that changes something. */
function commanderOptions(key: string, spec: OptionSpec): Option[] {
  const long = `--${kebab(key)}`;
  if (spec.type === 'switch') {
    const on = new Option(long, spec.help);
    const off = new Option(`--no-${kebab(key)}`, spec.help);
    return spec.default ? [off, on.hideHelp()] : [on, off.hideHelp()];
  }
  const names = spec.alias === undefined ? long : `--${spec.alias}, ${long}`;
  return [new Option(`${names} ${placeholder(spec)}`, description(spec))];
}

function placeholder(spec: Exclude<OptionSpec, { type: 'switch' }>): string {
  if (spec.type === 'choice') return `<${spec.choices.join('|')}>`;
  if (spec.type === 'list') return `<${spec.value}...>`;
  return spec.type === 'optional-text' ? `[${spec.value}]` : `<${spec.value}>`;
}

function description(spec: OptionSpec): string {
  const unlessGiven = defaultText(spec);
  return unlessGiven === undefined ? spec.help : `${spec.help} (default: ${unlessGiven})`;
}

/**
 * The options given as flags of a parsed command.
 * @throws UserError (usage) where a flag took the next flag for its value.
 */
export function givenFlags<Key extends string>(
  command: Command,
  table: Readonly<Record<Key, OptionSpec>>,
): GivenOptions<Key> {
  const given = new Map<Key, Given>();
  for (const [key, spec] of entriesOf(table)) {
    if (command.getOptionValueSource(key) !== 'cli') continue;
    const value: unknown = command.getOptionValue(key);
    if (typeof value === 'string' && value.startsWith('--'))
      throw new UserError('usage', `--${kebab(key)} needs a value, but ${value} follows it`);
    given.set(key, { value: typedValue(spec, value), where: COMMAND_LINE });
  }
  return given;
}

/** Text that spells a number becomes one; anything else is left for the schema to refuse. */
export function typedValue(spec: OptionSpec, value: unknown): unknown {
  const isNumber = spec.type === 'integer' || spec.type === 'number';
  if (!isNumber || typeof value !== 'string') return value;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
}

/** The sentence for a flag that no command has. */
export function unknownFlag(flag: string, command: Command): UserError {
  const known = command.options.flatMap(({ short, long, hidden }) => (hidden ? [] : [short, long]));
  const near = nearest(
    flag.split('=')[0] ?? flag,
    known.filter((name) => name?.startsWith('--')).map(String),
  );
  const hint = near === undefined ? `${fullName(command)} --help lists all flags` : `did you mean ${near}?`;
  return new UserError('usage', `unknown flag ${flag}; ${hint}`);
}

function fullName(command: Command): string {
  return command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
}
