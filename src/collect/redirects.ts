// Follows redirects one by one, so that a caller can refuse where one leads.

import type { Fetch } from '../weights/hub-fetch.js';
import { webAddress } from './site.js';

export type Answered =
  | { readonly response: Response; readonly url: URL }
  | { readonly refusal: string; readonly leadsTo?: URL };

/**
 * @param refuses says why an address must not be fetched, or null.
 * @returns a response that is no redirect, or why there is none.
 */
export async function fetchFollowing(
  fetch: Fetch,
  url: URL,
  init: RequestInit,
  most: number,
  refuses: (next: URL) => string | null,
): Promise<Answered> {
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { ...init, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return { response, url: at };
    await response.body?.cancel();
    const next = webAddress(location, at);
    if (next === null) return { refusal: 'a redirect to an address that is not a web page' };
    const refusal = refuses(next);
    if (refusal !== null) return { refusal, leadsTo: next };
    if (redirects >= most) return { refusal: 'too many redirects' };
    at = next;
  }
}
