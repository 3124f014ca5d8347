// The time zone that a person names.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { quoted } from '../quote.js';

/** @throws UserError for a time zone that nobody knows. */
export function checkedZone(timeZone: string | null): string | null {
  if (timeZone === null) return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return timeZone;
  } catch {
    throw new UserError(
      'option-invalid',
      `${option('timeZone')} ${quoted(timeZone)} is no time zone; write it like Europe/Berlin`,
    );
  }
}
