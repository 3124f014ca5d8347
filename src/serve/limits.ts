// Who may ask, and how often. Keys are compared in a time that does not depend on them. Each key, or address where no key is needed,
// may ask some number of times a minute, all at once if it has not asked for a while.

import { createHash, timingSafeEqual } from 'node:crypto';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { TooOften } from './http-error.js';

export interface ApiKey {
  readonly digest: Buffer;
  /** Requests a minute; null: the limit of all. */
  readonly perMinute: number | null;
}

/** @param given `KEY`, or `KEY@60` for one that may ask 60 times a minute. @throws UserError for an empty key, or none per minute. */
export function apiKey(given: string): ApiKey {
  const [, key = '', limit] = /^(.*?)(?:@(\d{1,7}))?$/s.exec(given) ?? [];
  if (key === '' || limit === '0')
    throw new UserError(
      'option-invalid',
      `a key of ${option('apiKey')} must be text, and after "@" the number of messages a minute, at least 1`,
    );
  return { digest: digest(key), perMinute: limit === undefined ? null : Number(limit) };
}

/** @returns null for none of the keys. */
export function knownKey(keys: readonly ApiKey[], given: string): ApiKey | null {
  const asked = digest(given);
  let found: ApiKey | null = null;
  for (const key of keys) if (timingSafeEqual(key.digest, asked)) found = key;
  return found;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Those whose questions are counted. More are forgotten, those that came first before others. */
const mostKnown = 10_000;

export class RateLimit {
  private readonly left = new Map<string, { readonly tokens: number; readonly at: number }>();

  /** @param now in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @param who counted apart from all others. @throws TooOften. */
  ask(who: string, perMinute: number): void {
    const now = this.now();
    const before = this.left.get(who) ?? { tokens: perMinute, at: now };
    const tokens = Math.min(perMinute, before.tokens + ((now - before.at) * perMinute) / 60_000);
    if (tokens < 1)
      throw new TooOften(
        `more than ${perMinute} messages a minute are too many; try again later`,
        (1 - tokens) * (60 / perMinute),
      );
    this.left.delete(who);
    this.left.set(who, { tokens: tokens - 1, at: now });
    if (this.left.size > mostKnown)
      for (const oldest of this.left.keys()) {
        this.left.delete(oldest);
        break;
      }
  }
}
