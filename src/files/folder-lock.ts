// A lock on a folder, so that two processes do not write into it at once. It is a file that names its holder: created
// whole by link(2), which is atomic on NFS too, and held with flock(2) where the file system has it. The lock of a
// process that has died is recognised and replaced. Readers of the folder are not concerned.

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { isRecord } from '../objects.js';
import { oneLine } from '../quote.js';
import { codeOf, savingError, temporaryBeside } from './atomic.js';
import { takeKernelLock } from './kernel-lock.js';
import { makeFolder } from './make-folder.js';
import { isRunning, isSameMachine, ownIdentity, type ProcessIdentity } from './process-identity.js';

export const lockFileName = '.chatbot-train.lock';

export interface FolderLock {
  /** Removes the lock, and the folders that were made for it where they are still empty. */
  release(): void;
}

type TakeKernelLock = typeof takeKernelLock;

interface Holder extends ProcessIdentity {
  /** Whether the holder has a kernel lock on the file. */
  readonly kernelLock: boolean;
  readonly since: string;
}

/** Enough for every contender to lose a race; more means that something is wrong with the file system. */
const attempts = 20;

/**
 * Locks a folder, which is made where it is missing, until `release` or the end of the process.
 * @param takeKernel how the kernel's lock is taken.
 * @throws UserError (usage) where another process holds it; UserError (device) where the folder cannot be written to.
 */
export function lockFolder(folder: string, takeKernel: TakeKernelLock = takeKernelLock): FolderLock {
  const path = join(folder, lockFileName);
  const missing = missingFolders(folder);
  try {
    makeFolder(folder);
    for (let attempt = 0; attempt < attempts; attempt++) {
      removeStaleLock(path, folder, takeKernel);
      const descriptor = createLock(path, takeKernel);
      if (descriptor !== null) return held(path, descriptor, missing);
    }
    throw new UserError(
      'output-folder-locked',
      `other processes keep locking ${folder}; try again, or name another folder`,
    );
  } catch (thrown) {
    removeWhereEmpty(missing);
    throw savingError(folder, thrown);
  }
}

function held(path: string, descriptor: number, made: readonly string[]): FolderLock {
  const release = () => {
    process.removeListener('exit', release);
    try {
      if (isFileAt(path, descriptor)) rmSync(path, { force: true });
    } finally {
      closeSync(descriptor);
      removeWhereEmpty(made);
    }
  };
  process.on('exit', release);
  return { release };
}

/** Folders that `makeFolder` would make, deepest first. */
function missingFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.push(path);
  return missing;
}

function removeWhereEmpty(folders: readonly string[]): void {
  for (const folder of folders)
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
}

/** Whether the path names the open file, and not one that has taken its place. */
function isFileAt(path: string, descriptor: number): boolean {
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(descriptor, { bigint: true });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}

/** @returns the open lock file; null where somebody else was faster. */
function createLock(path: string, takeKernel: TakeKernelLock): number | null {
  const temporary = temporaryBeside(path, 'saving');
  const descriptor = openSync(temporary, 'wx+');
  let linked: ReturnType<typeof linkLock> | null = null;
  try {
    writeHolder(descriptor, takeKernel);
    linked = linkLock(temporary, path, descriptor);
  } finally {
    rmSync(temporary, { force: true });
    if (linked !== 'ours') closeSync(descriptor);
  }
  if (linked === 'ours') return descriptor;
  return linked === 'theirs' ? null : createWithoutLink(path, takeKernel);
}

function linkLock(temporary: string, path: string, descriptor: number): 'ours' | 'theirs' | 'unsupported' {
  try {
    linkSync(temporary, path);
    return 'ours';
  } catch (thrown) {
    // NFS may lose the answer to a link that was made.
    if (fstatSync(descriptor).nlink === 2) return 'ours';
    const code = codeOf(thrown);
    // ENOENT: a process on another host, which cannot see that we run, has tidied the temporary file away.
    if (code === 'EEXIST' || code === 'ENOENT') return 'theirs';
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS' || code === 'EIO') throw thrown;
    return 'unsupported';
  }
}

/** For file systems without hard links: for an instant the lock does not say yet who holds it. */
function createWithoutLink(path: string, takeKernel: TakeKernelLock): number | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx+');
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return null;
    throw thrown;
  }
  try {
    writeHolder(descriptor, takeKernel);
    return descriptor;
  } catch (thrown) {
    rmSync(path, { force: true });
    closeSync(descriptor);
    throw thrown;
  }
}

function writeHolder(descriptor: number, takeKernel: TakeKernelLock): void {
  const kernelLock = takeKernel(descriptor) === 'taken';
  const holder: Holder = { ...ownIdentity(), kernelLock, since: new Date().toISOString() };
  writeFileSync(descriptor, `${JSON.stringify(holder)}\n`);
  fsyncSync(descriptor);
}

/** @throws UserError (usage) where the lock's holder runs, or that cannot be known. */
function removeStaleLock(path: string, folder: string, takeKernel: TakeKernelLock): void {
  const descriptor = openLock(path, folder);
  if (descriptor === null) return;
  try {
    const text = readFileSync(descriptor, 'utf8');
    const holder = parseHolder(text);
    const kernel = takeKernel(descriptor);
    if (!isStale(holder, kernel)) throw locked(folder, path, holder, kernel === 'held');
    // While we have the kernel's lock on the file that the path names, nobody else takes this lock for stale.
    if (kernel === 'taken') {
      if (isFileAt(path, descriptor)) rmSync(path, { force: true });
    } else removeUnlessReplaced(path, text);
  } finally {
    closeSync(descriptor);
  }
}

/** A lock is opened for writing: on NFS flock(2) needs that. */
function openLock(path: string, folder: string): number | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isFile())
    throw new UserError(
      'output-folder-locked',
      `${path} is not a file that locks ${folder}; remove it, or name another folder`,
    );
  for (const flags of ['r+', 'r'])
    try {
      return openSync(path, flags);
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code === 'ENOENT') return null;
      if (flags === 'r' || (code !== 'EACCES' && code !== 'EROFS')) throw thrown;
    }
  return null;
}

function isStale(holder: Holder | null, kernel: ReturnType<TakeKernelLock>): boolean {
  if (kernel === 'held') return false;
  // Where there is no holder's name the process died before it could write it, if the kernel can tell that it died.
  if (holder === null) return kernel === 'taken';
  const own = ownIdentity();
  if (kernel === 'taken' && holder.kernelLock && isSameMachine(holder, own)) return true;
  return isRunning(holder, own) === false;
}

/** Without kernel locks another process may be removing the same stale lock, and may have put its own in its place. */
function removeUnlessReplaced(path: string, stale: string): void {
  const aside = temporaryBeside(path, 'deleting');
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== stale) linkSync(aside, path);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(aside, { force: true });
  }
}

function parseHolder(text: string): Holder | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(json)) return null;
  const { pid, host, started, boot, namespace, kernelLock, since } = json;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1 || typeof host !== 'string')
    return null;
  const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null);
  return {
    ...{ pid, host, started: textOrNull(started), boot: textOrNull(boot), namespace: textOrNull(namespace) },
    kernelLock: kernelLock === true,
    since: textOrNull(since) ?? '',
  };
}

function locked(folder: string, path: string, holder: Holder | null, isHeld: boolean): UserError {
  const remove = `remove ${path} if that run has ended, or name another folder`;
  if (holder === null)
    return new UserError(
      'output-folder-locked',
      `${folder} is locked, but not even its lock says by whom; ${remove}`,
    );
  const process = `process ${holder.pid} on ${oneLine(holder.host, 60)}`;
  if (isHeld || isRunning(holder) === true)
    return new UserError(
      'output-folder-locked',
      `${folder} is in use by another run (${process}, since ${oneLine(holder.since, 30)}); wait until it ends, or name another folder`,
    );
  return new UserError(
    'output-folder-locked',
    `${folder} is locked by ${process}, and whether it still runs cannot be seen from here; ${remove}`,
  );
}
