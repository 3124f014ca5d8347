// Downloads models from the Hugging Face hub into the cache that Python uses. It uses the network only for what the cache
// lacks. It asks for the commit of a revision and its list of files, downloads the needed files, continues interrupted
// downloads, and accepts a file only if its hash is right.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import { tokenizerFileNames } from '../tokenizer/tokenizer-files.js';
import { type Environment, hubAccess, hubCacheFolder, isOffline } from './hub-access.js';
import { CachedModel, parseHubId, refuseOffline } from './hub-cache.js';
import { Connection, type HubLimits, hubLimits, type Listing, listModel } from './hub-connection.js';
import { downloadBlob, removeStalePartials } from './hub-download.js';
import { shardsOf, weightFileNames } from './model-folder.js';

export interface DownloadProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  /** Bytes of all weight files received so far, including those from an earlier, interrupted run. */
  readonly received: number;
  /** Bytes of all weight files. */
  readonly total: number;
}

export interface FetchOptions {
  /** Called after each received chunk. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** If false, only config.json and the tokenizer are downloaded. */
  readonly weights?: boolean;
  readonly environment?: Environment;
  /** Seconds to wait before each retry when the network fails. */
  readonly retrySeconds?: readonly number[];
  readonly limits?: Partial<HubLimits>;
}

/** @returns the weight file, or the index of its shards. */
function chooseWeights({ model }: Connection, { files }: Listing): string {
  const weights = weightFileNames.find((name) => files.has(name));
  if (weights !== undefined && files.has('config.json')) return weights;
  const held = [...files.keys()].filter((name) =>
    /\.(json|bin|safetensors|h5|msgpack|onnx|gguf|pt)$/.test(name),
  );
  const holds =
    held
      .slice(0, 8)
      .map((name) => quoted(name))
      .join(', ') || 'no model files';
  throw new UserError(
    'model-incomplete',
    `${model.id} has no weights that can be read: it holds ${holds}, but needs config.json and one of ${weightFileNames.join(', ')}`,
  );
}

/** Most bytes of a file that is not weights. The largest is the tokenizer of a large multilingual vocabulary. */
const largestText = 2 ** 28;

class Fetcher {
  constructor(
    private readonly connection: Connection,
    private readonly cached: CachedModel,
    private readonly listing: Listing,
    private readonly retrySeconds: readonly number[],
  ) {}

  /** @returns the path of the file's blob in the cache. */
  async fetch(name: string, onBytes: (received: number) => void): Promise<string> {
    const remote = this.listing.files.get(name);
    if (remote === undefined)
      throw new UserError(
        'model-incomplete',
        `${this.connection.model.id} lacks the file ${quoted(name)}; ask its owner, or use another model`,
      );
    if (!/\.(safetensors|bin|onnx)$/.test(name) && remote.size > largestText)
      throw new UserError(
        'hub-refused',
        `${this.connection.model.id}: its file ${quoted(name)} has ${remote.size} bytes, more than any model needs; use another model`,
      );
    const blob = await downloadBlob(this.cached.blobs, remote, {
      fetch: (url, headers, signal) => this.connection.fetch(new URL(url), headers, signal),
      signal: this.connection.deadline(remote.size),
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
  const listing = await listModel(connection);
  const weights = chooseWeights(connection, listing);
  const fetcher = new Fetcher(connection, cached, listing, retriesOf(options));
  const small = ['config.json', 'generation_config.json', ...tokenizerFileNames].filter((name) =>
    listing.files.has(name),
  );
  await fetcher.fetchAll(small, () => {});
  if (options.weights === false) return cached.snapshot(listing.commit);
  const isIndex = weights.endsWith('.index.json');
  const large = isIndex ? [...new Set(shardsOf(await fetcher.fetch(weights, () => {})).values())] : [weights];
  await fetcher.fetchAll(large, options.onProgress ?? (() => {}));
  // This comes last, so that a revision never leads to an incomplete snapshot.
  cached.remember(listing.commit);
  removeStalePartials(cached.blobs);
  return cached.snapshot(listing.commit);
}

/**
 * Makes a model of the hub available on this machine: config.json, tokenizer, and weights (safetensors before .bin).
 * A cached model is used without the network, even if the hub has a newer version. To get that, name its revision
 * (`name@revision`) or empty the cache.
 * @param name `owner/name` or `name`, optionally with `@revision`.
 * @returns the folder of its snapshot in the cache.
 * @throws UserError (model) when it cannot be downloaded, with the reason; (device) when the disk is full.
 */
export async function fetchModel(name: string, options: FetchOptions = {}): Promise<string> {
  const { weights = true } = options;
  const { cached, connect } = hubModel(name, options);
  const snapshot = cached.completeSnapshot(weights);
  if (snapshot !== undefined) {
    removeStalePartials(cached.blobs);
    return snapshot;
  }
  return download(await connect(), cached, options);
}

/**
 * Makes some files of a model of the hub available on this machine, in the same cache.
 * @param needed names that mean the same to the caller: of each list, the first that the model has.
 * @returns the folder of its snapshot in the cache.
 * @throws UserError (model) when a file is not there or cannot be downloaded; (device) when the disk is full.
 */
export async function fetchModelFiles(
  name: string,
  needed: readonly (readonly string[])[],
  options: FetchOptions = {},
): Promise<string> {
  const { cached, connect } = hubModel(name, options);
  const snapshot = cached.snapshotIf((folder) =>
    needed.every((names) => names.some((file) => existsSync(join(folder, file)))),
  );
  if (snapshot !== undefined) return snapshot;
  const connection = await connect();
  const listing = await listModel(connection, true);
  const fetcher = new Fetcher(connection, cached, listing, retriesOf(options));
  const files = needed.map((names) => names.find((file) => listing.files.has(file)) ?? names[0] ?? '');
  for (const file of files) await fetcher.fetch(file, () => {});
  cached.remember(listing.commit);
  removeStalePartials(cached.blobs);
  return cached.snapshot(listing.commit);
}

function retriesOf({ retrySeconds = [1, 5, 20] }: FetchOptions): readonly number[] {
  return retrySeconds;
}

function hubModel(name: string, options: FetchOptions) {
  const model = parseHubId(name);
  if (model === undefined)
    throw new UserError(
      'model-name-invalid',
      `${quoted(name)} is not the name of a model; write it as owner/name or owner/name@revision`,
    );
  const { environment = process.env } = options;
  const connect = (): Promise<Connection> => {
    if (isOffline(environment)) refuseOffline(model, hubCacheFolder(environment));
    return Connection.open(hubAccess(environment), model, { ...hubLimits, ...options.limits });
  };
  return { cached: new CachedModel(hubCacheFolder(environment), model), connect };
}
