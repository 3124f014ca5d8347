// The manifest of a corpus without names holds pseudonyms in place of the names that --learn and --alias were given. To read a
// source again as it was read, the names are found among those who speak in it.

import { readDialogues } from '../../corpus/read-corpus.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { PrepareOptions } from '../prepare-options.js';
import { isPseudonym } from '../sensitive/pseudonym.js';
import type { Redaction } from '../sensitive/redaction.js';

/** A hostile source can have a name for each turn. */
const mostNames = 100_000;

/** @throws UserError (usage) if a name is not in the source. */
export function namedAgain(path: string, options: PrepareOptions, redaction: Redaction): PrepareOptions {
  const { learn, alias } = options;
  const given = [...learn, ...alias.flatMap((pair) => pair.split('='))];
  if (!given.some(isPseudonym)) return options;
  const names = namesIn(path, options, redaction);
  const known = (name: string) => (isPseudonym(name) ? names.get(name) : name);
  return {
    ...options,
    // Whoever does not speak here is learned in another source.
    learn: learn.map((name) => known(name) ?? name),
    alias: alias.flatMap((pair) => {
      const [from, to] = pair.split('=').map(known);
      if (from === undefined) return [];
      if (to !== undefined) return [`${from}=${to}`];
      throw new UserError(
        'speaker-unknown',
        `the name that ${option('alias')} gave somebody is only known by a pseudonym; give ${option('alias')} again`,
      );
    }),
  };
}

/** The names and ids of the source by their pseudonyms. */
function namesIn(path: string, options: PrepareOptions, redaction: Redaction): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  readDialogues([path], { ...options, alias: [] }, ({ turns }) => {
    for (const { speaker, speakerId } of turns)
      for (const name of [speaker, speakerId])
        if (name !== undefined && names.size < mostNames) names.set(redaction.pseudonym(name), name);
  });
  return names;
}
