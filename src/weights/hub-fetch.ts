// fetch through the proxies of the environment. Node's own fetch supports proxies only from Node 24 on. So if there is a
// proxy, this uses undici, the library behind Node's fetch, and loads it only then. It does not set a global dispatcher,
// because that would change every fetch of a program that uses this package.

import type { Dispatcher } from 'undici';
import type { Proxies } from './hub-access.js';

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export async function fetchThrough(proxies: Proxies | null): Promise<Fetch> {
  if (proxies === null) return fetch;
  const { EnvHttpProxyAgent } = await import('undici');
  return fetchBy(
    new EnvHttpProxyAgent({
      // An empty string means no proxy; with undefined, undici would read the environment.
      httpProxy: proxies.http ?? '',
      httpsProxy: proxies.https ?? '',
      noProxy: proxies.except,
      proxyTunnel: false,
    }),
  );
}

/** undici's fetch with its connections. Of `init`, only headers, signal and redirect are used. */
export async function fetchBy(dispatcher: Dispatcher): Promise<Fetch> {
  const { fetch: fetchWith } = await import('undici');
  return async (url, { headers, signal, redirect }) => {
    const response = await fetchWith(url, {
      headers: [...new Headers(headers)],
      signal: signal ?? null,
      ...(redirect !== undefined && { redirect }),
      dispatcher,
    });
    return new Response(response.body, { status: response.status, headers: [...response.headers] });
  };
}
