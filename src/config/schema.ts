// Checks the values of a command's options by their table, and says which values are refused. It knows values and where they
// were given. It does not read files or flags. Every command loads it, so it uses no library: loading zod takes longer than
// the start of a bot.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import {
  entriesOf,
  isPositional,
  kebab,
  type NumberSpec,
  type OptionSpec,
  type OptionTable,
  type ValuesOf,
} from '../option-spec.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';

/** A value as given, not yet checked. */
export interface Given {
  readonly value: unknown;
  /** The end of a sentence: `on the command line`, `in run.yaml:3`. */
  readonly where: string;
}

export type GivenOptions<Key extends string> = ReadonlyMap<Key, Given>;

function isAllowed(spec: OptionSpec, value: unknown): boolean {
  switch (spec.type) {
    case 'switch':
      return typeof value === 'boolean';
    case 'integer':
    case 'number':
      return (spec.word !== undefined && value === spec.word) || isAllowedNumber(spec, value);
    case 'choice':
      return spec.choices.some((choice) => choice === value);
    case 'list':
      return Array.isArray(value) && value.every(isText);
    case 'optional-text':
      return typeof value === 'boolean' || isText(value);
    case 'text':
      return isText(value) && (!spec.pattern || new RegExp(`^(${spec.pattern.source})$`).test(value));
    default:
      return spec satisfies never;
  }
}

function isAllowedNumber({ type, min, max, above, below }: NumberSpec, value: unknown): boolean {
  if (type === 'integer' ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return false;
  const number = Number(value);
  return (
    (min === undefined || number >= min) &&
    (max === undefined || number <= max) &&
    (above === undefined || number > above) &&
    (below === undefined || number < below)
  );
}

/** A path cannot contain NUL, and people do not type it. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}

/** The allowed values, in words that follow "must be". */
export function allowed(spec: OptionSpec): string {
  switch (spec.type) {
    case 'switch':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${spec.word === undefined ? '' : `${spec.word} or `}${spec.type === 'integer' ? 'a whole number' : 'a number'}${range(spec)}`;
    case 'choice':
      return `${spec.choices.slice(0, -1).join(', ')} or ${spec.choices.at(-1)}`;
    case 'list':
      return `a ${spec.value} or a list of them`;
    case 'optional-text':
      return `true, false or a ${spec.value}`;
    case 'text':
      return spec.pattern?.words ?? `a ${spec.value}`;
    default:
      return spec satisfies never;
  }
}

function range({ min, max, above, below }: NumberSpec): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const bounds = [
    above !== undefined && `above ${above}`,
    min !== undefined && `of at least ${min}`,
    below !== undefined && `below ${below}`,
    max !== undefined && `at most ${max}`,
  ].filter((bound) => bound !== false);
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
}

function refusal(name: string, spec: OptionSpec, { value, where }: Given): UserError {
  const meant =
    spec.type === 'choice' && typeof value === 'string' ? nearest(value, spec.choices) : undefined;
  const cure = meant === undefined ? spec.instead : `did you mean ${meant}?`;
  const hint = cure === undefined ? '' : `; ${cure}`;
  return new UserError(
    'option-invalid',
    `${name} is ${quoted(value)} ${where}, but must be ${allowed(spec)}${hint}`,
  );
}

/**
 * Merges `layers` over the table's defaults, the last one on top, and checks every value.
 * @throws UserError (usage) that names the option, the value, where it was given and what is allowed.
 */
export function completeOptions<Table extends OptionTable>(
  table: Table,
  layers: readonly GivenOptions<string & keyof Table>[],
): ValuesOf<Table> {
  const given = new Map<string, Given>(layers.flatMap((layer) => [...layer]));
  const merged = Object.fromEntries(
    entriesOf(table).map(([key, spec]) => [key, given.has(key) ? given.get(key)?.value : spec.default]),
  );
  for (const [key, spec] of entriesOf(table)) {
    const value = given.get(key);
    if (value === undefined || (value.value === null && spec.default === null)) continue;
    if (!isAllowed(spec, value.value))
      throw refusal(isPositional(spec) ? kebab(key) : option(key), spec, value);
  }
  // The values and the type come from the same table, but Object.fromEntries hides that from the compiler.
  return merged as ValuesOf<Table>;
}
