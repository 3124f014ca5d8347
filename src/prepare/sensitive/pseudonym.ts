// Pseudonyms of speakers. They are keyed hashes, so that nobody without the key can test whether one belongs to a name. Letter
// case and invisible marks of a name do not matter, as for `--learn`.

import { createHmac } from 'node:crypto';
import { speakerKey } from '../../corpus/chat/speakers.js';
import { keyIn } from './name-file.js';

/** The secret of `--redact-key`. Without one, whoever knows the seed can test guesses. */
export function pseudonymKey({ redactKey, seed }: { redactKey: string | null; seed: number }): string {
  return redactKey === null ? String(seed) : keyIn(redactKey);
}

const pseudonym = /^person-[\da-f]{12}$/;

export function isPseudonym(name: string): boolean {
  return pseudonym.test(name);
}

/** @param name or id of a speaker. */
export function pseudonymOf(key: string, name: string): string {
  const hash = createHmac('sha256', key)
    .update(`speaker\n${speakerKey(name)}`)
    .digest('hex');
  return `person-${hash.slice(0, 12)}`;
}
