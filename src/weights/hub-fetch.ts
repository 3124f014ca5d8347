// fetch through the proxies of the environment. Node's own fetch knows none before Node 24, so where there is a proxy,
// undici fetches: the library that Node's is made of, loaded only then. It is called directly and not set as a global
// dispatcher, because that would change every fetch of a program that uses this package.

import type { Proxies } from './hub-access.js';

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export async function fetchThrough(proxies: Proxies | null): Promise<Fetch> {
  if (proxies === null) return fetch;
  const { EnvHttpProxyAgent, fetch: fetchWith } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent({
    // An empty text is no proxy; undefined would be read from the environment.
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: proxies.except,
    proxyTunnel: false,
  });
  return async (url, { headers, signal }) => {
    const response = await fetchWith(url, {
      headers: [...new Headers(headers)],
      signal: signal ?? null,
      dispatcher,
    });
    return new Response(response.body, { status: response.status, headers: [...response.headers] });
  };
}
