// Fetches one page of a site within limits of size, time and redirects, and decodes it. A page that cannot be had is not an
// error but a reason, because a crawl goes on without it. Redirects are followed only within the site.

import { setTimeout as timer } from 'node:timers/promises';
import { oneLine } from '../quote.js';
import type { Fetch } from '../weights/hub-fetch.js';
import { decodedPage } from './charset.js';
import { failureCode, failureReason } from './connection-failure.js';
import { fetchFollowing } from './redirects.js';
import { retryAfterSeconds } from './retry-after.js';
import { isSameSite } from './site.js';

export interface PageLimits {
  readonly bytes: number;
  /** For one attempt, redirects included. */
  readonly seconds: number;
  readonly redirects: number;
  /** Seconds before each further attempt, when the server is busy or the connection breaks. */
  readonly retrySeconds: readonly number[];
  /** The longest wait that a busy server may ask for. */
  readonly longestWait: number;
}

export const pageLimits: PageLimits = {
  bytes: 4_000_000,
  seconds: 30,
  redirects: 5,
  retrySeconds: [2, 8, 30],
  longestWait: 120,
};

export type Fetched =
  | { readonly kind: 'page'; readonly url: URL; readonly text: string }
  /** `isPassing`: another attempt at another time may succeed. `status`: of the response, if there was one. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly isPassing: boolean;
      readonly status?: number;
      /** Where a redirect would leave the site. */
      readonly leadsTo?: URL;
    };

export interface PageSource {
  readonly fetch: Fetch;
  readonly limits: PageLimits;
  /** Waits a number of seconds. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  /** Calls `late` after a number of seconds, unless the function that it returns is called before. */
  readonly deadline: (seconds: number, late: () => void) => () => void;
  /** Ends the crawl at once. */
  readonly signal: AbortSignal;
}

export const userAgent = 'chatbot-data';

const headers = {
  'user-agent': `${userAgent} (FAQ pages for a chatbot; started by a person)`,
  accept: 'text/html, application/xhtml+xml;q=0.9, text/plain;q=0.1',
};

/** The parts of a source that need a clock. */
export const clock: Pick<PageSource, 'wait' | 'now' | 'deadline'> = {
  wait: async (seconds, signal) => {
    await timer(seconds * 1000, undefined, { signal });
  },
  now: Date.now,
  deadline: (seconds, late) => {
    const timeout = setTimeout(late, seconds * 1000);
    return () => clearTimeout(timeout);
  },
};

/** What a page must be. robots.txt may be any text. */
export type Kind = 'html' | 'text';

/** @param start the first page, which defines the site. @throws the signal's reason when it aborts. */
export async function fetchPage(url: URL, start: URL, kind: Kind, source: PageSource): Promise<Fetched> {
  const waits = [...source.limits.retrySeconds];
  for (;;) {
    const attempt = await attemptPage(url, start, kind, source);
    source.signal.throwIfAborted();
    if (attempt.fetched.kind === 'page' || !attempt.fetched.isPassing) return attempt.fetched;
    const usual = waits.shift();
    if (usual === undefined) return attempt.fetched;
    const seconds = Math.max(usual, attempt.retryAfter ?? 0);
    if (seconds > source.limits.longestWait) return attempt.fetched;
    await source.wait(seconds, source.signal);
  }
}

interface Attempt {
  readonly fetched: Fetched;
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number;
}

async function attemptPage(url: URL, start: URL, kind: Kind, source: PageSource): Promise<Attempt> {
  const { seconds } = source.limits;
  const attempt = new AbortController();
  const stop = () => attempt.abort(source.signal.reason);
  source.signal.addEventListener('abort', stop);
  let isLate = false;
  const endDeadline = source.deadline(seconds, () => {
    isLate = true;
    attempt.abort();
  });
  try {
    return await followed(url, start, kind, { ...source, signal: attempt.signal });
  } catch (thrown) {
    if (isLate) return { fetched: refused(`no complete answer within ${seconds} s`, true) };
    return { fetched: refused(failureReason(thrown), failureCode(thrown) !== 'PRIVATE_ADDRESS') };
  } finally {
    endDeadline();
    source.signal.removeEventListener('abort', stop);
  }
}

async function followed(url: URL, start: URL, kind: Kind, source: PageSource): Promise<Attempt> {
  const init = { headers, signal: source.signal };
  const answer = await fetchFollowing(source.fetch, url, init, source.limits.redirects, (next) =>
    isSameSite(start, next) ? null : `a redirect to another site (${oneLine(next.host, 80)})`,
  );
  if ('response' in answer) return answered(answer.response, answer.url, kind, source);
  const { refusal, leadsTo } = answer;
  return { fetched: { ...refused(refusal), ...(leadsTo && { leadsTo }) } };
}

async function answered(response: Response, url: URL, kind: Kind, source: PageSource): Promise<Attempt> {
  const { status, headers: given } = response;
  const type = (given.get('content-type') ?? '').toLowerCase();
  const isWanted = kind === 'text' || /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/.test(type);
  if (status < 200 || status > 299 || !isWanted) {
    await response.body?.cancel();
    if (status >= 200 && status <= 299)
      return { fetched: refused(`${oneLine(type.split(';')[0] ?? '', 40) || 'no content type'}, not HTML`) };
    const isPassing = [408, 425, 429, 500, 502, 503, 504].includes(status);
    const retryAfter = retryAfterSeconds(given, source.now());
    return {
      fetched: { ...refused(`status ${status}`, isPassing), status },
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }
  const bytes = await bodyOf(response, source.limits.bytes);
  if (bytes === null) return { fetched: refused(`more than ${source.limits.bytes} bytes`) };
  return { fetched: { kind: 'page', url, text: decodedPage(bytes, type) } };
}

function refused(reason: string, isPassing = false): Extract<Fetched, { kind: 'refused' }> {
  return { kind: 'refused', reason, isPassing };
}

/** The body after decompression, so that a small answer cannot become a huge one. Null if it is too large. */
async function bodyOf(response: Response, most: number): Promise<Buffer | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    if (done || value === undefined) return Buffer.concat(chunks);
    size += value.byteLength;
    if (size > most) {
      await reader?.cancel();
      return null;
    }
    chunks.push(value);
  }
}
