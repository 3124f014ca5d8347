// The options of a library call as the command line's checks take them: the same table, bounds and sentences.

import type { Given, GivenOptions } from '../config/schema.js';
import { UserError } from '../errors.js';
import { entriesOf, type OptionSpec } from '../option-spec.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';

/**
 * A property that is undefined counts as not given; where a list may stand, one text may, too.
 * @param known the options that the call takes, in camelCase.
 * @throws UserError (usage) for a property that is none of them.
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
