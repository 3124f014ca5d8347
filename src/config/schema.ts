// The zod schema of a command's options, built from their table, and the messages for values that it refuses.
// It knows values and where they were given. It does not read files or flags.

import { z } from 'zod';
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

function numberSchema(spec: NumberSpec): z.ZodType {
  let schema = spec.type === 'integer' ? z.int() : z.number();
  if (spec.min !== undefined) schema = schema.min(spec.min);
  if (spec.max !== undefined) schema = schema.max(spec.max);
  if (spec.above !== undefined) schema = schema.gt(spec.above);
  if (spec.below !== undefined) schema = schema.lt(spec.below);
  return schema;
}

/** A path cannot contain NUL, and people do not type it. */
const text = z
  .string()
  .min(1)
  .refine((value) => !value.includes('\0'));

function schemaOf(spec: OptionSpec): z.ZodType {
  switch (spec.type) {
    case 'switch':
      return z.boolean();
    case 'integer':
    case 'number':
      return spec.word === undefined ? numberSchema(spec) : numberSchema(spec).or(z.literal(spec.word));
    case 'choice':
      return z.enum(spec.choices);
    case 'list':
      return z.array(text);
    case 'optional-text':
      return z.union([z.boolean(), text]);
    case 'text':
      return spec.pattern ? text.regex(new RegExp(`^(${spec.pattern.source})$`)) : text;
    default:
      return spec satisfies never;
  }
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

const schemas = new WeakMap<OptionTable, z.ZodType>();

/** Building a schema takes longer than checking with it, and a conversation checks at every change of a setting. */
function schemaFor(table: OptionTable): z.ZodType {
  const known = schemas.get(table);
  if (known !== undefined) return known;
  const schema = z.strictObject(
    Object.fromEntries(
      entriesOf(table).map(([key, spec]) => [
        key,
        spec.default === null ? schemaOf(spec).nullable() : schemaOf(spec),
      ]),
    ),
  );
  schemas.set(table, schema);
  return schema;
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
  const result = schemaFor(table).safeParse(merged);
  // The schema and the type come from the same table, but Object.fromEntries hides that from the compiler.
  if (result.success) return result.data as ValuesOf<Table>;
  for (const [key, spec] of entriesOf(table)) {
    const value = given.get(key);
    if (value !== undefined && result.error.issues.some((issue) => issue.path[0] === key))
      throw refusal(isPositional(spec) ? kebab(key) : option(key), spec, value);
  }
  throw result.error;
}
