// The zod schema of a run's options, built from the table in options.ts, and the sentences for values it refuses.
// It knows values and where they were given; it does not read files or flags.

import { z } from 'zod';
import { UserError } from '../errors.js';
import { nearest } from '../suggest.js';
import {
  flagOf,
  type NumberSpec,
  type OptionKey,
  type OptionSpec,
  type Options,
  optionEntries,
  options,
} from './options.js';

/** A value as it was given: not yet checked. */
export interface Given {
  readonly value: unknown;
  /** Ends a sentence: `on the command line`, `in run.yaml:3`. */
  readonly where: string;
}

export type GivenOptions = ReadonlyMap<OptionKey, Given>;

function numberSchema(spec: NumberSpec): z.ZodType {
  let schema = spec.type === 'integer' ? z.int() : z.number();
  if (spec.min !== undefined) schema = schema.min(spec.min);
  if (spec.max !== undefined) schema = schema.max(spec.max);
  if (spec.above !== undefined) schema = schema.gt(spec.above);
  if (spec.below !== undefined) schema = schema.lt(spec.below);
  return schema;
}

/** A NUL cannot stand in a path, and what holds one was never typed by a person. */
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
      return numberSchema(spec);
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

const schema = z.strictObject(
  Object.fromEntries(
    optionEntries.map(([key, spec]) => [
      key,
      spec.default === null ? schemaOf(spec).nullable() : schemaOf(spec),
    ]),
  ),
);

/** What may stand there, to follow "must be". */
export function allowed(spec: OptionSpec): string {
  switch (spec.type) {
    case 'switch':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${spec.type === 'integer' ? 'a whole number' : 'a number'}${range(spec)}`;
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
  const bounds = [
    above !== undefined && `above ${above}`,
    min !== undefined && `of at least ${min}`,
    below !== undefined && `below ${below}`,
    max !== undefined && `of at most ${max}`,
  ].filter((bound) => bound !== false);
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
}

/** A value as a message quotes it: short, and without characters that could play with the terminal. */
export function quoted(value: unknown): string {
  const json = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  const safe = json.replace(/[\u007f-\u009f]/g, '?');
  return safe.length > 60 ? `${safe.slice(0, 57)}...` : safe;
}

function refusal(key: OptionKey, { value, where }: Given): UserError {
  const spec: OptionSpec = options[key];
  const meant =
    spec.type === 'choice' && typeof value === 'string' ? nearest(value, spec.choices) : undefined;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return new UserError(
    'usage',
    `${flagOf(key)} is ${quoted(value)} ${where}, but must be ${allowed(spec)}${hint}`,
  );
}

/**
 * Lays `layers` over the defaults, the last one on top, and checks every value.
 * @throws UserError (usage) that names the option, the value, where it was given and what is allowed.
 */
export function completeOptions(layers: readonly GivenOptions[]): Options {
  const given = new Map(layers.flatMap((layer) => [...layer]));
  const merged = Object.fromEntries(
    optionEntries.map(([key, spec]) => [key, given.has(key) ? given.get(key)?.value : spec.default]),
  );
  const result = schema.safeParse(merged);
  // The schema and the type derive from the same table, which the compiler cannot see through Object.fromEntries.
  if (result.success) return result.data as Options;
  for (const [key] of optionEntries) {
    const value = given.get(key);
    if (value !== undefined && result.error.issues.some((issue) => issue.path[0] === key))
      throw refusal(key, value);
  }
  throw result.error;
}
