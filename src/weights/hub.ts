// Models from the Hugging Face hub, into the cache that Python uses. @huggingface/hub is asked for the commit behind a
// revision and for its list of files; downloading, resuming, checking hashes and working without the network are done
// here, because the library has none of them. It is loaded only when the network is really needed.

import { UserError } from '../errors.js';
import { homeFolder } from '../files/user-folders.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import { tokenizerFileNames } from '../tokenizer/tokenizer-files.js';
import {
  CachedModel,
  type Environment,
  type HubModel,
  type HubSettings,
  hubSettings,
  parseHubId,
  refuseOffline,
} from './hub-cache.js';
import { downloadBlob, type RemoteFile, Unreachable } from './hub-download.js';
import { shardsOf, weightFileNames } from './model-folder.js';

export interface DownloadProgress {
  /** The file that is being fetched. */
  readonly file: string;
  /** Bytes of all weight files that are there, those of an earlier, interrupted run included. */
  readonly received: number;
  /** Bytes of all weight files. */
  readonly total: number;
}

export interface FetchOptions {
  /** Called often: whenever bytes have come. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** False: config.json and the tokenizer are enough. */
  readonly weights?: boolean;
  readonly environment?: Environment;
  /** Waits before further tries when the network fails. */
  readonly retrySeconds?: readonly number[];
}

/** For suggestions. */
const knownModels = [
  ...['small', 'medium', 'large'].map((size) => `microsoft/DialoGPT-${size}`),
  ...['gpt2', 'gpt2-medium', 'gpt2-large', 'gpt2-xl'].flatMap((name) => [name, `openai-community/${name}`]),
  'distilgpt2',
  'distilbert/distilgpt2',
];

function causeCode(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'no answer';
}

/** The hub as one model's fetcher sees it: every failure is a UserError that says what to do. */
class Connection {
  constructor(
    readonly settings: HubSettings,
    readonly model: HubModel,
  ) {}

  /** For @huggingface/hub and our own downloads alike. The token goes to the endpoint only, never along a redirect. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { endpoint, token } = this.settings;
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    if (token !== undefined && url.origin === new URL(endpoint).origin)
      headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (thrown) {
      throw new Unreachable(
        'hub-unreachable',
        `cannot reach ${endpoint} for ${this.model.id} (${causeCode(thrown)}); check the connection and HF_ENDPOINT, or name a local model folder; with HF_HUB_OFFLINE=1 only what is cached is used`,
        { cause: thrown },
      );
    }
    if (response.ok || response.status === 416) return response;
    await response.body?.cancel();
    const refusal = this.refusal(response.status, response.headers.get('x-error-code'));
    throw response.status >= 500
      ? new Unreachable('hub-refused', refusal)
      : new UserError('hub-refused', refusal);
  };

  /** What a status means to a person; the hub's own error codes are more exact than its statuses. */
  private refusal(status: number, code: string | null): string {
    const { endpoint, token } = this.settings;
    const { id, revision } = this.model;
    if (code === 'GatedRepo' || status === 403)
      return `${id} is gated: accept its conditions at ${endpoint}/${id} and set HF_TOKEN to a token of that account`;
    if (code === 'RevisionNotFound')
      return `${id} on ${endpoint} has no revision ${quoted(revision)}; check its spelling`;
    if (status === 401 && code !== 'RepoNotFound' && token !== undefined)
      return `${endpoint} does not accept the token for ${id}; set HF_TOKEN to a valid one, or unset it for public models`;
    // To a stranger the hub says 401 for what is not there, lest it tells which private models are.
    if (status === 401 || status === 404) {
      const similar = nearest(id, knownModels);
      const question = similar === undefined || similar === id ? '' : ` (did you mean ${similar}?)`;
      return `${id} is not on ${endpoint}: check its spelling${question}, or set HF_TOKEN if it is private`;
    }
    if (status === 429)
      return `${endpoint} answers no more requests for ${id} just now; wait a while, or set HF_TOKEN`;
    return `${endpoint} failed with status ${status} for ${id}; try again later, a download goes on where it stopped`;
  }
}

interface Listing {
  readonly commit: string;
  readonly files: ReadonlyMap<string, RemoteFile>;
}

const isHash = (text: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

/** The commit behind the model's revision, and the files at its top. */
async function list({ settings, model, fetch }: Connection): Promise<Listing> {
  // The package asks for the home folder while it loads, and throws where the user has none.
  process.env.HOME ??= homeFolder(process.env);
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const { endpoint } = settings;
  const common = { hubUrl: endpoint, fetch };
  const wrong = (): UserError =>
    new UserError(
      'hub-refused',
      `${endpoint} answers as no Hugging Face hub does about ${model.id}; check HF_ENDPOINT`,
    );
  const info = await modelInfo({
    ...common,
    name: model.id,
    revision: model.revision,
    additionalFields: ['sha'],
  }).catch((thrown: unknown) => {
    throw thrown instanceof UserError ? thrown : wrong();
  });
  if (typeof info.sha !== 'string' || !/^[0-9a-f]{40}$/.test(info.sha)) throw wrong();
  const files = new Map<string, RemoteFile>();
  for await (const entry of listFiles({
    ...common,
    repo: { type: 'model', name: model.id },
    revision: info.sha,
  })) {
    const hash = entry.lfs?.oid ?? entry.oid ?? '';
    const size = entry.lfs?.size ?? entry.size;
    if (entry.type !== 'file' || !isHash(hash) || !Number.isSafeInteger(size)) continue;
    const url = `${endpoint}/${model.id}/resolve/${info.sha}/${encodeURIComponent(entry.path)}`;
    files.set(entry.path, { url, size, hash });
  }
  return { commit: info.sha, files };
}

/** @returns the weights' file, or the index of their shards. */
function chooseWeights({ model }: Connection, { files }: Listing): string {
  const weights = weightFileNames.find((name) => files.has(name));
  if (weights !== undefined && files.has('config.json')) return weights;
  const held = [...files.keys()].filter((name) =>
    /\.(json|bin|safetensors|h5|msgpack|onnx|gguf|pt)$/.test(name),
  );
  throw new UserError(
    'model-incomplete',
    `${model.id} has no weights that can be read: it holds ${held
      .slice(0, 8)
      .map((name) => quoted(name))
      .join(', ')}, but needs config.json and one of ${weightFileNames.join(', ')}`,
  );
}

class Fetcher {
  constructor(
    private readonly connection: Connection,
    private readonly cached: CachedModel,
    private readonly listing: Listing,
    private readonly retrySeconds: readonly number[],
  ) {}

  /** @returns the file's blob in the cache. */
  async fetch(name: string, onBytes: (received: number) => void): Promise<string> {
    const remote = this.listing.files.get(name);
    if (remote === undefined)
      throw new UserError(
        'model-incomplete',
        `${this.connection.model.id} lacks its file ${quoted(name)}; ask its owner, or use another`,
      );
    const blob = await downloadBlob(this.cached.blobs, remote, {
      fetch: (url, headers) => this.connection.fetch(url, { headers }),
      onBytes,
      retrySeconds: this.retrySeconds,
    });
    this.cached.link(this.listing.commit, name, blob);
    return blob;
  }

  async fetchAll(names: readonly string[], onProgress: (progress: DownloadProgress) => void): Promise<void> {
    const total = names.reduce((sum, name) => sum + (this.listing.files.get(name)?.size ?? 0), 0);
    let before = 0;
    for (const file of names) {
      await this.fetch(file, (received) => onProgress({ file, received: before + received, total }));
      before += this.listing.files.get(file)?.size ?? 0;
    }
  }
}

async function download(connection: Connection, cached: CachedModel, options: FetchOptions): Promise<string> {
  const listing = await list(connection);
  const weights = chooseWeights(connection, listing);
  const fetcher = new Fetcher(connection, cached, listing, options.retrySeconds ?? [1, 5, 20]);
  const small = ['config.json', ...tokenizerFileNames].filter((name) => listing.files.has(name));
  await fetcher.fetchAll(small, () => {});
  if (options.weights === false) return cached.snapshot(listing.commit);
  const isIndex = weights.endsWith('.index.json');
  const large = isIndex ? [...new Set(shardsOf(await fetcher.fetch(weights, () => {})).values())] : [weights];
  await fetcher.fetchAll(large, options.onProgress ?? (() => {}));
  // Last, so that a revision never leads to a snapshot that is not whole.
  cached.remember(listing.commit);
  return cached.snapshot(listing.commit);
}

/**
 * Makes a model of the hub available on this machine: config.json, tokenizer, and weights (safetensors before .bin).
 * A model that is in the cache is used as it is, without asking the network; another revision (`name@revision`) or an
 * emptied cache asks again.
 * @param name `owner/name` or `name`, perhaps with `@revision`.
 * @returns the folder of its snapshot in the cache.
 * @throws UserError (model) when it cannot be had, saying why; (device) when the disk is full.
 */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<string> {
  const model = parseHubId(name);
  if (model === undefined)
    throw new UserError(
      'model-name-invalid',
      `${quoted(name)} is no name of a model; it looks like owner/name or owner/name@revision`,
    );
  const settings = hubSettings(options.environment ?? process.env);
  const cached = new CachedModel(settings.cache, model);
  const snapshot = cached.completeSnapshot();
  if (snapshot !== undefined) return snapshot;
  if (settings.offline) refuseOffline(model, settings);
  return download(new Connection(settings, model), cached, options);
}
