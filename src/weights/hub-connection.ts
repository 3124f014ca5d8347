// Requests to the hub about one model. Every failure is a UserError that says what to do. Responses are limited in size,
// time and number. It does not know about the cache.

import { UserError } from '../errors.js';
import { isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import type { HubAccess } from './hub-access.js';
import type { HubModel } from './hub-cache.js';
import { type RemoteFile, Unreachable } from './hub-download.js';
import { type Fetch, fetchThrough } from './hub-fetch.js';

/** Limits on what a server may send. They are far above what the hub needs for any model. */
export interface HubLimits {
  /** Most API responses about a model, such as the pages of its list of files. */
  readonly answers: number;
  /** Most bytes and seconds of all these responses together. */
  readonly answerBytes: number;
  readonly answerSeconds: number;
  /** A download that is slower than this on average is stopped. */
  readonly bytesPerSecond: number;
}

export const hubLimits: HubLimits = {
  answers: 100,
  answerBytes: 2 ** 25,
  answerSeconds: 60,
  bytesPerSecond: 10_000,
};

/** The longest time in milliseconds that a timer can wait. */
const longestWait = 2 ** 31 - 1;

/** Suggested when a model name is misspelt. */
const knownModels = [
  ...['small', 'medium', 'large'].map((size) => `microsoft/DialoGPT-${size}`),
  ...['gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl'].flatMap((name) => [name, `openai-community/${name}`]),
  'distilgpt2',
  'distilbert/distilgpt2',
];

/** Why a fetch failed, in a few words, from the innermost cause that has an error code. */
function reasonOf(thrown: unknown): string {
  let reason = 'no answer';
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error.name === 'TimeoutError') return 'no answer in time';
    const [, status] = /proxy.*\((\d{3})\)/i.exec(error.message) ?? [];
    if (status !== undefined) return `the proxy answers ${status}`;
    if ('code' in error && typeof error.code === 'string') reason = error.code;
  }
  return reason;
}

/** Node's errors about an untrusted certificate, such as that of a proxy that decrypts connections. */
const isCertificate = (reason: string): boolean => /CERT|ISSUER|UNABLE_TO_VERIFY/.test(reason);

export class Connection {
  private constructor(
    readonly access: HubAccess,
    readonly model: HubModel,
    readonly limits: HubLimits,
    private readonly send: Fetch,
  ) {}

  static async open(access: HubAccess, model: HubModel, limits: HubLimits): Promise<Connection> {
    return new Connection(access, model, limits, await fetchThrough(access.proxies));
  }

  /** @throws UserError, or its subclass Unreachable when another attempt may succeed. */
  async fetch(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { endpoint, authorization } = this.access;
    const sent = new Headers(headers);
    // On a redirect to another server, fetch removes this header.
    if (authorization !== undefined && url.origin === new URL(endpoint).origin)
      sent.set('authorization', authorization);
    let response: Response;
    try {
      response = await this.send(url, { headers: sent, signal });
    } catch (thrown) {
      throw this.broken(thrown);
    }
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    const refusal = this.refusal(response.status, response.headers.get('x-error-code'));
    throw response.status >= 500
      ? new Unreachable('hub-refused', refusal)
      : new UserError('hub-refused', refusal);
  }

  private failure(reason: string): string {
    const { endpoint, proxies } = this.access;
    const way = proxies === null ? '' : ` through the proxy ${proxies.description}`;
    const check = isCertificate(reason)
      ? "that NODE_EXTRA_CA_CERTS names the file with your organisation's certificate"
      : proxies === null
        ? 'the connection and HF_ENDPOINT'
        : 'the proxy, its password, and NO_PROXY';
    return `cannot reach ${endpoint} for ${this.model.id}${way} (${reason}); check ${check}, or name a local model folder; with HF_HUB_OFFLINE=1 only cached models are used`;
  }

  /** Explains an error response. The hub's own error codes are more precise than its HTTP statuses. */
  private refusal(status: number, code: string | null): string {
    const { endpoint, token, proxies } = this.access;
    const { id, revision } = this.model;
    if (status === 407 && proxies !== null) return this.failure('the proxy answers 407');
    if (code === 'GatedRepo' || status === 403)
      return `${id} is gated: accept its conditions at ${endpoint}/${id} and set HF_TOKEN to a token of that account`;
    if (code === 'RevisionNotFound')
      return `${id} on ${endpoint} has no revision ${quoted(revision)}; check its spelling`;
    if (status === 401 && code !== 'RepoNotFound' && token !== undefined)
      return `${endpoint} does not accept the token for ${id}; set HF_TOKEN to a valid one, or unset it for public models`;
    // To hide private models, the hub answers 401 both for them and for models that do not exist.
    if (status === 401 || status === 404) {
      const similar = nearest(id, knownModels);
      const question = similar === undefined || similar === id ? '' : ` (did you mean ${similar}?)`;
      return `${id} is not on ${endpoint}: check its spelling${question}, or set HF_TOKEN if it is private`;
    }
    if (status === 429)
      return `${endpoint} refuses more requests for ${id} at the moment; wait a while, or set HF_TOKEN`;
    return `${endpoint} failed with status ${status} for ${id}; try again later, a download continues where it stopped`;
  }

  /** The error for a connection that cannot be made or that breaks. */
  broken(thrown: unknown): Unreachable {
    return new Unreachable('hub-unreachable', this.failure(reasonOf(thrown)), { cause: thrown });
  }

  /** The error for a response that does not follow the hub's API. */
  wrongAnswer(what: string): UserError {
    return new UserError(
      'hub-refused',
      `${this.access.endpoint} does not answer like a Hugging Face hub about ${this.model.id} (${what}); check HF_ENDPOINT`,
    );
  }

  /** A signal that aborts when a file of this many bytes takes too long. */
  deadline(bytes: number): AbortSignal {
    const { answerSeconds, bytesPerSecond } = this.limits;
    const seconds = answerSeconds + bytes / bytesPerSecond;
    return AbortSignal.timeout(Math.min(longestWait, Math.ceil(seconds * 1000)));
  }
}

export interface Listing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, RemoteFile>;
}

/**
 * The commit of the model's revision and the files in its top folder.
 * @param recursive whether files in folders are listed too.
 * @throws UserError (model).
 */
export async function listModel(connection: Connection, recursive = false): Promise<Listing> {
  const { access, model } = connection;
  const api = `${access.endpoint}/api/models/${model.id}`;
  const requests = new ApiRequests(connection);
  const revision = encodeURIComponent(model.revision);
  const { json: info } = await requests.get(new URL(`${api}/revision/${revision}?expand=sha`));
  const commit = isRecord(info) ? info.sha : undefined;
  if (!isCommit(commit)) throw connection.wrongAnswer('no commit');
  const files = new Map<string, RemoteFile>();
  let page: URL | undefined = new URL(`${api}/tree/${commit}?recursive=${recursive}&expand=false`);
  while (page !== undefined) {
    const { json: entries, next }: ApiResponse = await requests.get(page);
    if (!Array.isArray(entries)) throw connection.wrongAnswer('no list of files');
    for (const entry of entries) {
      const file = fileOf(entry);
      if (file === undefined) continue;
      const url = `${access.endpoint}/${model.id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
      files.set(file.path, { url, size: file.size, hash: file.hash });
    }
    page = next;
  }
  return { commit, files };
}

interface ApiResponse {
  readonly json: unknown;
  /** The next page of the list. */
  readonly next: URL | undefined;
}

/** Requests to the hub's API, whose responses together stay within the limits. They go to the endpoint only. */
class ApiRequests {
  private sent = 0;
  private bytesLeft: number;
  private readonly deadline: AbortSignal;

  constructor(private readonly connection: Connection) {
    this.bytesLeft = connection.limits.answerBytes;
    this.deadline = connection.deadline(0);
  }

  async get(url: URL): Promise<ApiResponse> {
    const { connection } = this;
    const { limits, access } = connection;
    if (url.origin !== new URL(access.endpoint).origin)
      throw connection.wrongAnswer('a page on another server');
    if (++this.sent > limits.answers) throw connection.wrongAnswer(`more than ${limits.answers} pages`);
    const response = await connection.fetch(url, { accept: 'application/json' }, this.deadline);
    const body = await this.bodyOf(response);
    const [, next] = /<([^<>]*)>\s*;\s*rel="?next/i.exec(response.headers.get('link') ?? '') ?? [];
    try {
      return { json: JSON.parse(body), next: next === undefined ? undefined : new URL(next, url) };
    } catch {
      throw connection.wrongAnswer('no JSON');
    }
  }

  private async bodyOf(response: Response): Promise<string> {
    const { connection } = this;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of response.body ?? []) {
        this.bytesLeft -= chunk.byteLength;
        if (this.bytesLeft < 0)
          throw connection.wrongAnswer(`more than ${connection.limits.answerBytes} bytes`);
        chunks.push(chunk);
      }
    } catch (thrown) {
      throw thrown instanceof UserError ? thrown : connection.broken(thrown);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

const isCommit = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{40}$/.test(value);
const isHash = (value: unknown): value is string =>
  typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value);

/** Parses an untrusted entry of the hub's list of files; undefined if it is not a usable file. */
function fileOf(entry: unknown): { path: string; size: number; hash: string } | undefined {
  if (!isRecord(entry)) return undefined;
  const { type, path, lfs } = entry;
  const { oid: hash, size } = isRecord(lfs) ? lfs : entry;
  if (type !== 'file' || typeof path !== 'string' || !isHash(hash)) return undefined;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
    ? { path, size, hash }
    : undefined;
}
