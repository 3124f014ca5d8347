// Reads the settings for the Hugging Face hub from environment variables: its address, the token, offline mode and proxies.
// The variables are those of huggingface_hub, so that a setup for Python works here too. Passwords are separated from
// addresses, so that no message can show one. This file does not use the network.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { readRegularFile } from '../files/regular-file.js';
import { homeFolder } from '../files/user-folders.js';
import { quoted } from '../quote.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxies {
  /** The proxies for http and https addresses. They may contain passwords: use them only to connect. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** The hosts that are reached without a proxy, separated by commas. */
  readonly except: string;
  /** The proxies and the variables that name them, without passwords, for messages. */
  readonly description: string;
}

export interface HubAccess {
  /** Without name, password and trailing slash. */
  readonly endpoint: string;
  /** A token from the environment or a login; undefined if there is none or HF_ENDPOINT has a password. */
  readonly token: string | undefined;
  /** The header for requests to the endpoint. It is never sent to another server. */
  readonly authorization: string | undefined;
  /** Null if the environment names no proxy. */
  readonly proxies: Proxies | null;
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase());
}

function path(value: string): string {
  return value.replace(/^~(?=$|[/\\])/, homeFolder(process.env));
}

function hubHome(environment: Environment): string {
  const cache = environment.XDG_CACHE_HOME ?? join(homeFolder(environment), '.cache');
  return path(environment.HF_HOME ?? join(cache, 'huggingface'));
}

/** The cache, which is shared with Python's huggingface_hub. */
export function hubCacheFolder(environment: Environment): string {
  return path(
    environment.HF_HUB_CACHE ?? environment.HUGGINGFACE_HUB_CACHE ?? join(hubHome(environment), 'hub'),
  );
}

/** Whether the network must not be used. */
export function isOffline(environment: Environment): boolean {
  return isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE);
}

/** An address for a message, without name and password. It also works for text that is not a valid address. */
export function withoutPassword(address: string): string {
  return address.replace(/^([a-z][a-z+.-]*:\/\/)?.*@/is, '$1***@');
}

const longestToken = 4096;

/** @throws UserError (usage) when the token cannot be read or is malformed; the message never contains the token. */
export function hubToken(environment: Environment): string | undefined {
  const given = environment.HF_TOKEN ?? environment.HUGGING_FACE_HUB_TOKEN;
  const file = path(environment.HF_TOKEN_PATH ?? join(hubHome(environment), 'token'));
  if (given === undefined && !existsSync(file)) return undefined;
  const token = (given ?? readTokenFile(file)).trim();
  if (token === '') return undefined;
  if (/^[!-~]+$/.test(token)) return token;
  const where = given === undefined ? file : 'HF_TOKEN';
  throw new UserError(
    'hub-settings-invalid',
    `${where} contains characters that a Hugging Face token never has; copy the token again from the hub's settings page`,
  );
}

function readTokenFile(file: string): string {
  try {
    return readRegularFile(file, longestToken).toString('utf8');
  } catch (thrown) {
    throw new UserError(
      'hub-settings-invalid',
      `the hub's token in ${file} cannot be read (${messageOf(thrown)}); set HF_TOKEN, or remove that file`,
      { cause: thrown },
    );
  }
}

interface Endpoint {
  readonly address: string;
  /** `name:password`, decoded; undefined if there is neither. */
  readonly credentials: string | undefined;
}

/** @throws UserError (usage) when HF_ENDPOINT is not the address of a server. */
function endpointOf(environment: Environment): Endpoint {
  const given = environment.HF_ENDPOINT || 'https://huggingface.co';
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const username = url && decoded(url.username);
  const password = url && decoded(url.password);
  if (!url || !['http:', 'https:'].includes(url.protocol) || username === undefined || password === undefined)
    throw new UserError(
      'hub-settings-invalid',
      `HF_ENDPOINT is ${quoted(withoutPassword(given))}, which is not the address of a server; set it like https://huggingface.co, or unset it`,
    );
  const credentials = username + password === '' ? undefined : `${username}:${password}`;
  return { address: `${url.origin}${url.pathname}`.replace(/\/+$/, ''), credentials };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The variable in lower case or, if that is not set, in upper case, as curl and Python do it. */
function variable(environment: Environment, name: string): { name: string; value: string } | undefined {
  for (const spelt of [name.toLowerCase(), name]) {
    const value = environment[spelt]?.trim();
    if (value) return { name: spelt, value };
  }
  return undefined;
}

interface Proxy {
  readonly address: string;
  readonly description: string;
}

/** @throws UserError (usage) when the variable is not the address of a proxy. */
function proxyOf(environment: Environment, name: string): Proxy | undefined {
  const given = variable(environment, name);
  if (given === undefined) return undefined;
  const address = given.value.includes('://') ? given.value : `http://${given.value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isProxy =
    url &&
    ['http:', 'https:'].includes(url.protocol) &&
    decoded(url.username) !== undefined &&
    decoded(url.password) !== undefined;
  if (!isProxy)
    throw new UserError(
      'hub-settings-invalid',
      `${given.name} is ${quoted(withoutPassword(given.value))}, which is not the address of an HTTP proxy; set it like http://proxy.example:3128, or unset it`,
    );
  return { address, description: `${withoutPassword(address)} (${given.name})` };
}

/** @throws UserError (usage) when a variable is not the address of a proxy. */
export function proxiesOf(environment: Environment): Proxies | null {
  const http = proxyOf(environment, 'HTTP_PROXY');
  const https = proxyOf(environment, 'HTTPS_PROXY');
  const used = [http, https].filter((proxy) => proxy !== undefined);
  if (used.length === 0) return null;
  return {
    http: http?.address,
    https: https?.address,
    except: variable(environment, 'NO_PROXY')?.value ?? '',
    description: used.map(({ description }) => description).join(' and '),
  };
}

/** @throws UserError (usage) when an environment variable has an invalid value. */
export function hubAccess(environment: Environment): HubAccess {
  const { address, credentials } = endpointOf(environment);
  // As in Python, a password in the address takes the place of the token.
  const token = credentials === undefined ? hubToken(environment) : undefined;
  const basic = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  return {
    endpoint: address,
    token,
    authorization: basic ?? (token && `Bearer ${token}`),
    proxies: proxiesOf(environment),
  };
}
