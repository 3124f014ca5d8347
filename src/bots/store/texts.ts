// How texts are kept and compared, the same in every store.

import { normalize } from '../normalize.js';
import type { Pair } from './store.js';

/** PostgreSQL holds no NUL, and UTF-8 no half of a surrogate pair. */
const notStorable = /[\0\p{Cs}]/gu;

export function storable<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.replace(notStorable, '\uFFFD')) as Text;
}

/** An object with all its texts storable. */
export function storableTexts<Fields extends object>(fields: Fields): Fields {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? storable(value) : value]),
  ) as Fields;
}

/** Pairs of the same identity are one. */
export function identityOf({
  question,
  answer,
  previous,
}: Pick<Pair, 'question' | 'answer' | 'previous'>): string {
  return JSON.stringify([
    questionIdentity(question),
    previous === null ? null : questionIdentity(previous),
    storable(answer).trim(),
  ]);
}

/** Questions of the same identity are one. A question of nothing but punctuation is itself. */
export function questionIdentity(question: string): string {
  return normalize(storable(question)) || storable(question).trim();
}

/** The file of a source: `faq.csv` of `faq.csv:12`. */
export function fileOf(source: string): string {
  return storable(source).replace(/:\d+$/u, '');
}
