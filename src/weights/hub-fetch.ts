// fetch through the proxies of the environment. Node's own fetch supports proxies only from Node 24 on. So if there is a
// proxy, this uses undici, the library behind Node's fetch, and loads it only then. It does not set a global dispatcher,
// because that would change every fetch of a program that uses this package.

import type { Dispatcher } from 'undici';
import type { Proxies } from './hub-access.js';

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** @param silentSeconds how long a server may send nothing; undefined for the usual 300 s of Node. */
export async function fetchThrough(proxies: Proxies | null, silentSeconds?: number): Promise<Fetch> {
  if (proxies === null && silentSeconds === undefined) return fetch;
  const { Agent, EnvHttpProxyAgent } = await import('undici');
  const milliseconds = silentSeconds === undefined ? undefined : silentSeconds * 1000;
  const timeouts =
    milliseconds === undefined ? {} : { headersTimeout: milliseconds, bodyTimeout: milliseconds };
  if (proxies === null) return fetchBy(new Agent(timeouts));
  return fetchBy(
    new EnvHttpProxyAgent({
      ...timeouts,
      // An empty string means no proxy; with undefined, undici would read the environment.
      httpProxy: proxies.http ?? '',
      httpsProxy: proxies.https ?? '',
      noProxy: proxies.except,
      proxyTunnel: false,
    }),
  );
}

/** undici's fetch with its connections. Of `init`, only method, headers, a text as body, signal and redirect are used. */
export async function fetchBy(dispatcher: Dispatcher): Promise<Fetch> {
  const { fetch: fetchWith } = await import('undici');
  return async (url, { method, headers, body, signal, redirect }) => {
    const response = await fetchWith(url, {
      headers: [...new Headers(headers)],
      signal: signal ?? null,
      ...(method !== undefined && { method }),
      ...(typeof body === 'string' && { body }),
      ...(redirect !== undefined && { redirect }),
      dispatcher,
    });
    return new Response(response.body, { status: response.status, headers: [...response.headers] });
  };
}
