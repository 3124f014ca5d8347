// Replaces what was found in a dialogue: by placeholders, or by fakes that are the same for the same value in the whole corpus.

import { createHmac } from 'node:crypto';
import { Random } from '../../random.js';
import type { Found } from './find.js';

/** The texts of a dialogue with what was found in each. */
export interface Searched {
  readonly text: string;
  readonly found: readonly Found[];
}

/** What stands in place of a value. */
export type Substitute = (found: Found) => string;

export function replaced({ text, found }: Searched, substitute: Substitute): string {
  let written = '';
  let done = 0;
  for (const one of found) {
    written += text.slice(done, one.start) + substitute(one);
    done = one.end;
  }
  return written + text.slice(done);
}

/** One value however it is written: `4111 1111` and `4111-1111` are the same. */
export function canonical(value: string): string {
  return value.toLowerCase().replace(/[\s()./-]/g, '');
}

const placeholder = /\[([A-Z]+(?:_[A-Z]+)*)(?:_(\d{1,9}))?\]/g;

/**
 * `[EMAIL]`, or `[EMAIL_1]` and `[EMAIL_2]` if the dialogue has several. Texts can hold such words already; those are not
 * used, so that they keep meaning something else.
 * @param identityOf equal for values that are the same.
 */
export function placeholders(texts: readonly Searched[], identityOf: (found: Found) => string): Substitute {
  const taken = new Map<string, Set<string>>();
  for (const { text } of texts)
    for (const [, name = '', number = ''] of text.matchAll(placeholder))
      taken.set(name, (taken.get(name) ?? new Set()).add(number));
  const written = new Map<string, string>();
  for (const [entity, values] of valuesByEntity(texts, identityOf)) {
    const name = placeholderName(entity);
    const numbers = taken.get(name) ?? new Set();
    let number = 0;
    for (const value of values) {
      do number++;
      while (numbers.has(String(number)));
      const isOnly = values.size === 1 && numbers.size === 0;
      written.set(`${entity} ${value}`, isOnly ? `[${name}]` : `[${name}_${number}]`);
    }
  }
  return (found) =>
    written.get(`${found.entity} ${identityOf(found)}`) ?? `[${placeholderName(found.entity)}]`;
}

/** `us-ssn` -> `US_SSN`. */
export function placeholderName(entity: string): string {
  return entity.toUpperCase().replaceAll('-', '_');
}

/** In the order of the dialogue. */
function valuesByEntity(
  texts: readonly Searched[],
  identityOf: (found: Found) => string,
): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const { found } of texts)
    for (const one of found)
      values.set(one.entity, (values.get(one.entity) ?? new Set()).add(identityOf(one)));
  return values;
}

/** Random numbers that depend on a value, but do not tell it to those who do not have the key. */
export function randomOf(key: string, entity: string, value: string): Random {
  const hash = createHmac('sha256', key).update(`${entity}\n${value}`).digest();
  return new Random(hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8));
}
