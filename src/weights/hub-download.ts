// Downloads one file from the hub into the cache. It continues where an earlier attempt stopped, and accepts the file only
// if its hash is the one that the hub announced.

import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../errors.js';
import { isAlive, savingError } from '../files/atomic.js';
import { makeFolder } from '../files/make-folder.js';

export interface RemoteFile {
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content (large files), or git's SHA-1 of it as a blob. */
  readonly hash: string;
}

export interface DownloadOptions {
  /** Returns a response with status 200, 206 or 416, or throws a UserError (Unreachable if another attempt may succeed). */
  readonly fetch: (
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<Response>;
  /** Called after each chunk with the number of bytes received so far. */
  readonly onBytes: (received: number) => void;
  /** Aborts when the download takes too long. */
  readonly signal: AbortSignal;
  /** Seconds to wait before each retry. A retry after an attempt that received bytes is immediate and uses up none. */
  readonly retrySeconds: readonly number[];
}

/** The transfer stopped midway: another attempt may continue from there. */
class Interrupted extends Error {}

/** The server could not be reached, or failed: another attempt may succeed. */
export class Unreachable extends UserError {}

interface UnfinishedDownload {
  readonly name: string;
  readonly hash: string;
  /** Whether a process that may still be running is writing it. */
  readonly inUse: boolean;
}

/** This machine's name: several machines may share a cache, and a process id means nothing on another machine. */
const machine = hostname().replace(/[^\w-]/g, '_');

/**
 * The unfinished downloads. Their names contain the hash of the content, the machine and the process that writes them, so
 * that two processes never write to the same file. Older versions of this program left the machine out.
 */
function partialsIn(blobs: string): UnfinishedDownload[] {
  const newest = Date.now() - foreignHours * 3_600_000;
  return readdirSync(blobs).flatMap((name): UnfinishedDownload[] => {
    const [, hash, host, pid] = /^([0-9a-f]+)(?:\.([\w-]+))?\.(\d+)\.incomplete$/.exec(name) ?? [];
    if (hash === undefined) return [];
    const isForeign = host !== undefined && host !== machine;
    const changed = statSync(join(blobs, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return [{ name, hash, inUse: isForeign ? changed > newest : isAlive(Number(pid)) }];
  });
}

/** A download by another machine that has not grown for this many hours counts as abandoned. */
const foreignHours = 1;

/** The file to download into. It takes over the longest unfinished download of a process that has ended. */
function claimPartial(blobs: string, hash: string): string {
  const mine = join(blobs, `${hash}.${machine}.${process.pid}.incomplete`);
  if (existsSync(mine)) return mine;
  const [longest] = partialsIn(blobs)
    .filter((partial) => partial.hash === hash && !partial.inUse)
    .map(({ name }) => join(blobs, name))
    .sort((one, other) => sizeOf(other) - sizeOf(one));
  if (longest !== undefined) renameSync(longest, mine);
  return mine;
}

/** Removes the unfinished downloads of processes that have ended, if the cache is writable. */
export function removeStalePartials(blobs: string): void {
  try {
    for (const { name, inUse } of partialsIn(blobs)) if (!inUse) rmSync(join(blobs, name), { force: true });
  } catch {
    // They only take up space.
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Requests the bytes after the end of `partial` and appends them. */
async function receive(remote: RemoteFile, partial: string, options: DownloadOptions): Promise<void> {
  const start = sizeOf(partial);
  // Ranges must count the bytes of the file itself, not of a compressed form.
  const range: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
  const headers = { 'accept-encoding': 'identity', ...range };
  const response = await options.fetch(remote.url, headers, options.signal);
  const continues =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${start}-`);
  if (start > 0 && !continues) truncateSync(partial, 0);
  if (response.status !== 200 && !continues)
    throw new Interrupted('the server sent a range that was not requested');
  const file = await open(partial, 'a');
  try {
    const reader = response.body?.getReader();
    let received = continues ? start : 0;
    for (;;) {
      const chunk = await reader?.read().catch((cause: unknown) => {
        throw new Interrupted('the connection broke', { cause });
      });
      if (chunk?.value === undefined) break;
      received += chunk.value.byteLength;
      if (received > remote.size)
        throw new UserError(
          'download-damaged',
          `${remote.url} sent more than its ${remote.size} bytes; try again later`,
        );
      await file.appendFile(chunk.value);
      options.onBytes(received);
    }
    if (received < remote.size) throw new Interrupted('the connection ended early');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Hexadecimal, of the kind that `hash` has. */
export async function contentHash(
  path: string,
  { size, hash }: Pick<RemoteFile, 'size' | 'hash'>,
): Promise<string> {
  const digest = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(chunk);
  return digest.digest('hex');
}

function stopped({ url, size }: RemoteFile, received: number, thrown: Interrupted | Unreachable): UserError {
  if (thrown instanceof Unreachable && received === 0) return thrown;
  const why = thrown instanceof Unreachable ? 'the server no longer answers' : thrown.message;
  return new UserError(
    'hub-unreachable',
    `${url} stopped after ${received} of ${size} bytes (${why}); run the command again to continue from there`,
    { cause: thrown },
  );
}

async function receiveAll(remote: RemoteFile, partial: string, options: DownloadOptions): Promise<void> {
  const waits = [...options.retrySeconds];
  for (;;) {
    const before = sizeOf(partial);
    if (before === remote.size && before > 0) return;
    if (before > remote.size) truncateSync(partial, 0);
    try {
      return await receive(remote, partial, options);
    } catch (thrown) {
      if (options.signal.aborted)
        throw stopped(remote, sizeOf(partial), new Interrupted('the download is too slow'));
      const seconds = sizeOf(partial) > before ? 0 : waits.shift();
      if (!(thrown instanceof Interrupted || thrown instanceof Unreachable)) throw thrown;
      if (seconds === undefined) throw stopped(remote, sizeOf(partial), thrown);
      await wait(seconds * 1000);
    }
  }
}

/**
 * @param blobs the cache's folder of blobs; created if it is missing.
 * @returns the path of the complete, verified blob.
 * @throws UserError (model) when the download fails, (device) when the disk is full; received bytes are kept.
 */
export async function downloadBlob(
  blobs: string,
  remote: RemoteFile,
  options: DownloadOptions,
): Promise<string> {
  const blob = join(blobs, remote.hash);
  if (existsSync(blob) && statSync(blob).size === remote.size) {
    options.onBytes(remote.size);
    return blob;
  }
  try {
    makeFolder(blobs);
    const partial = claimPartial(blobs, remote.hash);
    await receiveAll(remote, partial, options);
    if ((await contentHash(partial, remote)) !== remote.hash) {
      rmSync(partial);
      throw new UserError(
        'download-damaged',
        `${remote.url} arrived damaged (its hash is not ${basename(blob)}); run the command again to download it again`,
      );
    }
    renameSync(partial, blob);
    return blob;
  } catch (thrown) {
    throw savingError(blob, thrown);
  }
}
