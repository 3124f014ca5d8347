// What people chose to redact: kinds of personal data, and countries of phone numbers.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import type { Recognizer } from './recognizer.js';
import { personName } from './recognizers/name.js';
import { recognizers } from './recognizers.js';

/** @param kinds `none`, or entities separated by commas, `pii` among them. @throws UserError (usage) for an unknown one. */
export function chosenRecognizers(kinds: string): readonly Recognizer[] {
  const words = listed(kinds);
  if (words.length === 1 && words[0] === 'none') return [];
  const known = recognizers.map(({ entity }) => entity);
  const unknown = words.find((word) => word !== 'pii' && !known.includes(word));
  if (unknown !== undefined || words.length === 0) throw unknownKind(unknown ?? kinds, known);
  return recognizers.filter(
    ({ entity, byDefault }) => words.includes(entity) || (byDefault && words.includes('pii')),
  );
}

/** Whether names are redacted, so that speakers have pseudonyms. */
export function hidesNames(kinds: string): boolean {
  return chosenRecognizers(kinds).includes(personName);
}

function unknownKind(word: string, known: readonly string[]): UserError {
  const near = nearest(word, ['none', 'pii', ...known]);
  const hint = near === undefined ? `use none, pii, or some of ${known.join(', ')}` : `did you mean ${near}?`;
  return new UserError(
    'option-invalid',
    `${option('redact')}: ${quoted(word)} is no kind of personal data; ${hint}`,
  );
}

/** @param countries codes separated by commas. @throws UserError (usage) for an unknown one. */
export async function phoneRegions(countries: string): Promise<readonly string[]> {
  const { isSupportedCountry } = await import('libphonenumber-js/max');
  const regions = listed(countries).map((word) => word.toUpperCase());
  const unknown = regions.find((region) => !isSupportedCountry(region));
  if (unknown === undefined) return regions;
  throw new UserError(
    'option-invalid',
    `${option('phoneRegions')}: ${quoted(unknown)} is no country; use ISO codes of two letters, such as US,GB,CN`,
  );
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
