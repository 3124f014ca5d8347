// Locks a folder, so that only one process at a time writes into it. The lock is a file that names its holder. It is created
// complete with link(2), which is atomic on NFS too, and held with flock(2) where the file system supports that. The lock of
// a dead process is recognised and replaced. Reading the folder needs no lock.

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
  /** Removes the lock, and the folders that were created for it if they are still empty. */
  release(): void;
}

type TakeKernelLock = typeof takeKernelLock;

interface Holder extends ProcessIdentity {
  /** Whether the holder has a kernel lock on the file. */
  readonly kernelLock: boolean;
  readonly since: string;
}

/** Every contender may lose a race this often. More failures mean that something is wrong with the file system. */
const attempts = 20;

/**
 * Locks a folder until `release` or the end of the process. Creates the folder if it is missing.
 * @param takeKernel takes the kernel lock.
 * @throws UserError (usage) when another process holds the lock; UserError (device) when the folder is not writable.
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

/** The folders that `makeFolder` would create, deepest first. */
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

/** Whether the path still names the open file and not one that has replaced it. */
function isFileAt(path: string, descriptor: number): boolean {
  const named = statSync(path, { bigint: true, throwIfNoEntry: false });
  const open = fstatSync(descriptor, { bigint: true });
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}

/** @returns the open lock file; null when another process was faster. */
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
    // NFS may lose the reply to a successful link.
    if (fstatSync(descriptor).nlink === 2) return 'ours';
    const code = codeOf(thrown);
    // ENOENT: a process on another host, which cannot see that we run, has removed the temporary file.
    if (code === 'EEXIST' || code === 'ENOENT') return 'theirs';
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS' || code === 'EIO') throw thrown;
    return 'unsupported';
  }
}

/** For file systems without hard links. For an instant the lock does not name its holder. */
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

/** @throws UserError (usage) when the holder of the lock runs, or when that cannot be determined. */
function removeStaleLock(path: string, folder: string, takeKernel: TakeKernelLock): void {
  const descriptor = openLock(path, folder);
  if (descriptor === null) return;
  try {
    const text = readFileSync(descriptor, 'utf8');
    const holder = parseHolder(text);
    const kernel = takeKernel(descriptor);
    if (!isStale(holder, kernel)) throw locked(folder, path, holder, kernel === 'held');
    // While we hold the kernel lock on the file at this path, no other process considers this lock stale.
    if (kernel === 'taken') {
      if (isFileAt(path, descriptor)) rmSync(path, { force: true });
    } else removeUnlessReplaced(path, text);
  } finally {
    closeSync(descriptor);
  }
}

/** The lock file is opened for writing, because flock(2) needs that on NFS. */
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
  // A lock without a name: its process died before writing it, if the kernel can tell that the process died.
  if (holder === null) return kernel === 'taken';
  const own = ownIdentity();
  if (kernel === 'taken' && holder.kernelLock && isSameMachine(holder, own)) return true;
  return isRunning(holder, own) === false;
}

/** Without kernel locks another process may remove the same stale lock and put its own in its place. */
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
      `${folder} is locked, but the lock does not say by which process; ${remove}`,
    );
  const process = `process ${holder.pid} on ${oneLine(holder.host, 60)}`;
  if (isHeld || isRunning(holder) === true)
    return new UserError(
      'output-folder-locked',
      `${folder} is in use by another run (${process}, since ${oneLine(holder.since, 30)}); wait until it ends, or name another folder`,
    );
  return new UserError(
    'output-folder-locked',
    `${folder} is locked by ${process}, and it cannot be determined from here whether that process still runs; ${remove}`,
  );
}
