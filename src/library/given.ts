// Checks the options of a library call like those of the command line: with the same table, bounds and messages.

import type { Given, GivenOptions } from '../config/schema.js';
import { UserError } from '../errors.js';
import { entriesOf, type OptionSpec } from '../option-spec.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';

/**
 * Undefined properties count as not given. A list option also accepts a single string.
 * @param known selects the options that the call takes.
 * @throws UserError (usage) for an unknown property.
 */
export function givenOptions<Key extends string>(
  table: Readonly<Record<Key, OptionSpec>>,
  known: (key: Key) => boolean,
  options: object,
): GivenOptions<Key> {
  const specs = new Map<string, readonly [Key, OptionSpec]>(
    entriesOf(table).flatMap((entry) => (known(entry[0]) ? [[entry[0], entry] as const] : [])),
  );
  const given = new Map<Key, Given>();
  for (const [name, value] of Object.entries(options)) {
    const [key, spec] = specs.get(name) ?? [];
    if (key === undefined) throw unknownOption(name, [...specs.keys()]);
    if (value === undefined) continue;
    const isOneOfList = spec?.type === 'list' && typeof value === 'string';
    given.set(key, { value: isOneOfList ? [value] : value, where: 'in the options' });
  }
  return given;
}

function unknownOption(name: string, known: readonly string[]): UserError {
  const near = nearest(name, known);
  const hint = near === undefined ? `the options are ${known.join(', ')}` : `did you mean ${near}?`;
  return new UserError('option-unknown', `there is no option ${quoted(name, 40)}; ${hint}`);
}
