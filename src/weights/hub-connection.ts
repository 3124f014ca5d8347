// The hub as the fetcher of one model sees it: every failure is a UserError that says what to do, and no answer is
// taken that is too long, too late, or without end. Knows nothing of the cache.

import { UserError } from '../errors.js';
import { isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import type { HubAccess } from './hub-access.js';
import type { HubModel } from './hub-cache.js';
import { type RemoteFile, Unreachable } from './hub-download.js';
import { type Fetch, fetchThrough } from './hub-fetch.js';

/** What a server may cost. Far more than the hub needs for any model. */
export interface HubLimits {
  /** Answers to questions about a model, such as the pages of its list of files. */
  readonly answers: number;
  /** Bytes and seconds of all these answers together. */
  readonly answerBytes: number;
  readonly answerSeconds: number;
  /** A file is given up that comes more slowly on the whole. */
  readonly bytesPerSecond: number;
}

export const hubLimits: HubLimits = {
  answers: 100,
  answerBytes: 2 ** 25,
  answerSeconds: 60,
  bytesPerSecond: 10_000,
};

/** A timer cannot wait longer. */
const longestWait = 2 ** 31 - 1;

/** For suggestions. */
const knownModels = [
  ...['small', 'medium', 'large'].map((size) => `microsoft/DialoGPT-${size}`),
  ...['gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl'].flatMap((name) => [name, `openai-community/${name}`]),
  'distilgpt2',
  'distilbert/distilgpt2',
];

/** Why a fetch failed, in a word or two: the innermost cause that says something. */
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

/** Errors of Node about a certificate that nobody vouches for, as of a proxy that reads what passes through it. */
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

  /** @throws UserError, which is Unreachable where another try may help. */
  async fetch(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const { endpoint, authorization } = this.access;
    const sent = new Headers(headers);
    // Along a redirect to another server, fetch drops it.
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
    const way = proxies === null ? '' : ` by the proxy ${proxies.description}`;
    const check = isCertificate(reason)
      ? 'that NODE_EXTRA_CA_CERTS names the certificate of your organisation'
      : proxies === null
        ? 'the connection and HF_ENDPOINT'
        : 'the proxy, its password, and NO_PROXY';
    return `cannot reach ${endpoint} for ${this.model.id}${way} (${reason}); check ${check}, or name a local model folder; with HF_HUB_OFFLINE=1 only what is cached is used`;
  }

  /** What a status means to a person; the hub's own error codes are more exact than its statuses. */
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
    // The hub answers 401 for a private model and for one that does not exist, so that a stranger cannot tell.
    if (status === 401 || status === 404) {
      const similar = nearest(id, knownModels);
      const question = similar === undefined || similar === id ? '' : ` (did you mean ${similar}?)`;
      return `${id} is not on ${endpoint}: check its spelling${question}, or set HF_TOKEN if it is private`;
    }
    if (status === 429)
      return `${endpoint} answers no more requests for ${id} just now; wait a while, or set HF_TOKEN`;
    return `${endpoint} failed with status ${status} for ${id}; try again later, a download goes on where it stopped`;
  }

  /** The connection ended within an answer. */
  broken(thrown: unknown): Unreachable {
    return new Unreachable('hub-unreachable', this.failure(reasonOf(thrown)), { cause: thrown });
  }

  /** The hub does not say what a hub says. */
  wrongAnswer(what: string): UserError {
    return new UserError(
      'hub-refused',
      `${this.access.endpoint} answers as no Hugging Face hub does about ${this.model.id} (${what}); check HF_ENDPOINT`,
    );
  }

  /** A file of this many bytes may take as long as this. */
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

/** The commit behind the model's revision, and the files at its top. @throws UserError (model). */
export async function listModel(connection: Connection): Promise<Listing> {
  const { access, model } = connection;
  const api = `${access.endpoint}/api/models/${model.id}`;
  const questions = new Questions(connection);
  const revision = encodeURIComponent(model.revision);
  const { json: info } = await questions.ask(new URL(`${api}/revision/${revision}?expand=sha`));
  const commit = isRecord(info) ? info.sha : undefined;
  if (!isCommit(commit)) throw connection.wrongAnswer('no commit');
  const files = new Map<string, RemoteFile>();
  let page: URL | undefined = new URL(`${api}/tree/${commit}?recursive=false&expand=false`);
  while (page !== undefined) {
    const { json: entries, next }: Answer = await questions.ask(page);
    if (!Array.isArray(entries)) throw connection.wrongAnswer('no list of files');
    for (const entry of entries) {
      const file = fileOf(entry);
      if (file === undefined) continue;
      const url = `${access.endpoint}/${model.id}/resolve/${commit}/${encodeURIComponent(file.path)}`;
      files.set(file.path, { url, size: file.size, hash: file.hash });
    }
    page = next;
  }
  return { commit, files };
}

interface Answer {
  readonly json: unknown;
  /** Where the list goes on. */
  readonly next: URL | undefined;
}

/** Questions to the hub's API, whose answers together keep to the limits. Only the endpoint is asked. */
class Questions {
  private asked = 0;
  private bytesLeft: number;
  private readonly deadline: AbortSignal;

  constructor(private readonly connection: Connection) {
    this.bytesLeft = connection.limits.answerBytes;
    this.deadline = connection.deadline(0);
  }

  async ask(url: URL): Promise<Answer> {
    const { connection } = this;
    const { limits, access } = connection;
    if (url.origin !== new URL(access.endpoint).origin)
      throw connection.wrongAnswer('a page on another server');
    if (++this.asked > limits.answers) throw connection.wrongAnswer(`more than ${limits.answers} pages`);
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

/** An entry of the hub's list, which may hold anything; undefined where it is not a usable file. */
function fileOf(entry: unknown): { path: string; size: number; hash: string } | undefined {
  if (!isRecord(entry)) return undefined;
  const { type, path, lfs } = entry;
  const { oid: hash, size } = isRecord(lfs) ? lfs : entry;
  if (type !== 'file' || typeof path !== 'string' || !isHash(hash)) return undefined;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0
    ? { path, size, hash }
    : undefined;
}
