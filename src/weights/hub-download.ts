// Fetches one file of the hub into the cache, going on where an earlier try stopped, and believes it only when its
// hash is the one that the hub announced.

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
  /** sha256 of the content (large files), or git's sha1 of it as a blob. */
  readonly hash: string;
}

export interface DownloadOptions {
  /** Answers with status 200, 206 or 416, or throws a UserError, which is Unreachable where another try may help. */
  readonly fetch: (
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<Response>;
  /** Called with how many bytes of the file are there, whenever some have come. */
  readonly onBytes: (received: number) => void;
  /** Ends when the file has taken too long. */
  readonly signal: AbortSignal;
  /** How long to wait, in seconds, before each further try when the connection breaks and nothing came since. */
  readonly retrySeconds: readonly number[];
}

/** The server or the network stopped in the middle: another try may go on from there. */
class Interrupted extends Error {}

/** The server could not be asked, or failed: another try may find it well. */
export class Unreachable extends UserError {}

interface UnfinishedDownload {
  readonly name: string;
  readonly hash: string;
  /** Whether a process that may still live is at it. */
  readonly inUse: boolean;
}

/** This machine's name, because a cache may lie on a disk that several share, and process ids say nothing there. */
const machine = hostname().replace(/[^\w-]/g, '_');

/**
 * Unfinished downloads are named by their content's hash, and the machine and the process that is at them, so that two
 * processes never write to one. Those of older versions have no machine in their names.
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

/** A download of another machine that has not grown for so long is taken for dead. */
const foreignHours = 1;

/** The file to download into; it goes on with the longest that a dead process has left. */
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

/** Removes what dead processes left of downloads that nothing will go on with, as far as the cache may be written. */
export function removeStalePartials(blobs: string): void {
  try {
    for (const { name, inUse } of partialsIn(blobs)) if (!inUse) rmSync(join(blobs, name), { force: true });
  } catch {
    // They cost nothing but space.
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

/** Appends what the server sends from the end of `partial` on. */
async function receive(remote: RemoteFile, partial: string, options: DownloadOptions): Promise<void> {
  const start = sizeOf(partial);
  // Ranges count the bytes of the file itself, not of a compressed form of it.
  const range: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
  const headers = { 'accept-encoding': 'identity', ...range };
  const response = await options.fetch(remote.url, headers, options.signal);
  const continues =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${start}-`);
  if (start > 0 && !continues) truncateSync(partial, 0);
  if (response.status !== 200 && !continues)
    throw new Interrupted('the server sent another range than was asked for');
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

async function contentHash(path: string, { size, hash }: RemoteFile): Promise<string> {
  const digest = hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(chunk);
  return digest.digest('hex');
}

function stopped({ url, size }: RemoteFile, received: number, thrown: Interrupted | Unreachable): UserError {
  if (thrown instanceof Unreachable && received === 0) return thrown;
  const why = thrown instanceof Unreachable ? 'the server does not answer any more' : thrown.message;
  return new UserError(
    'hub-unreachable',
    `${url} stopped after ${received} of ${size} bytes (${why}); run the command again to go on from there`,
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
        throw stopped(remote, sizeOf(partial), new Interrupted('it comes too slowly'));
      const seconds = sizeOf(partial) > before ? 0 : waits.shift();
      if (!(thrown instanceof Interrupted || thrown instanceof Unreachable)) throw thrown;
      if (seconds === undefined) throw stopped(remote, sizeOf(partial), thrown);
      await wait(seconds * 1000);
    }
  }
}

/**
 * @param blobs the cache's folder of blobs; made where it is missing.
 * @returns the path of the blob, complete and checked.
 * @throws UserError (model) when the server cannot give it, (device) when the disk is full; what came is kept.
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
        `${remote.url} arrived damaged (its hash is not ${basename(blob)}); run the command again to fetch it anew`,
      );
    }
    renameSync(partial, blob);
    return blob;
  } catch (thrown) {
    throw savingError(blob, thrown);
  }
}
