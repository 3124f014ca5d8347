// Replaces files and folders atomically: they are either unchanged or completely new, even if the process is killed or the
// disk fills up. New content is written next to the target under a hidden name, flushed to the disk and renamed.
// Hidden names contain the writer's process id, so that a later run can recognise what a dead process left behind.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { UserError } from '../errors.js';
import { makeFolder } from './make-folder.js';

/**
 * `saving`: not yet in place. `previous`: moved aside for a moment on systems that cannot exchange folders.
 * `deleting`: no longer in place.
 */
type Purpose = 'saving' | 'previous' | 'deleting';

const temporaryName = /^\.(.+)\.(saving|previous|deleting)-(\d+)-[0-9a-f]{8}$/;

/** Temporary paths that this process is using. After a container restarts, a new process may reuse an old one's id. */
const inUse = new Set<string>();

/** A hidden name that belongs to this process. */
export function temporaryBeside(path: string, purpose: Purpose): string {
  const name = `.${basename(path)}.${purpose}-${process.pid}-${randomBytes(4).toString('hex')}`;
  return join(dirname(path), name);
}

/** Flushes a file, or the directory entries of a folder, to the disk. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Windows cannot flush folders; its renames are journalled. */
function flushFolder(folder: string): void {
  if (process.platform !== 'win32') flush(folder);
}

function flushTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) flushTree(path);
    else if (entry.isFile()) flush(path);
  }
  flushFolder(folder);
}

/** The system error code, such as ENOENT. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

const cures: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space or choose another folder',
  EDQUOT: 'the disk quota is used up; free some space or choose another folder',
  EFBIG: 'a file grew beyond the allowed size (ulimit -f); raise the limit or choose another folder',
  EACCES: 'permission is denied; make the folder writable or choose another one',
  EPERM: 'permission is denied; make the folder writable or choose another one',
  EROFS: 'the file system is read-only; choose another folder',
  // Node also reports this when a recursive mkdir fails on a read-only file system.
  ENOENT: 'its folder is gone or cannot be created; choose another folder',
  EEXIST: 'a file is where a folder is needed; move it away or choose another folder',
  ENOTDIR: 'a file is where a folder is needed; move it away or choose another folder',
  EISDIR: 'a folder is where a file is needed; move it away or choose another name',
  EIO: 'the disk reports an error; check it or choose another folder',
};

function isWithin(path: string, folder: string): boolean {
  return `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);
}

/** If it cannot be removed now, removeStaleTemporaries removes it later. */
function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {}
}

/**
 * Turns a failed write into a UserError. An error that is not about the disk under `target` is returned unchanged.
 * @param target the file or folder that was to be saved.
 */
export function savingError(target: string, thrown: unknown): unknown {
  const code = codeOf(thrown);
  const cure = code === undefined ? undefined : cures[code];
  if (cure === undefined) return thrown;
  const path = thrown instanceof Error && 'path' in thrown ? thrown.path : undefined;
  const aboutTarget = typeof path !== 'string' || isWithin(path, dirname(target)) || isWithin(target, path);
  return aboutTarget
    ? new UserError('cannot-save', `cannot save ${target}: ${cure}`, { cause: thrown })
    : thrown;
}

/** Writes a temporary file next to `path` and renames it to `path`. */
function replaceFile(path: string, write: (temporary: string) => void): void {
  const temporary = temporaryBeside(path, 'saving');
  inUse.add(resolve(temporary));
  try {
    makeFolder(dirname(path));
    write(temporary);
    flush(temporary);
    renameSync(temporary, path);
    flushFolder(dirname(path));
  } catch (thrown) {
    discard(temporary);
    throw savingError(path, thrown);
  } finally {
    inUse.delete(resolve(temporary));
  }
}

/**
 * Writes a file atomically, and creates its parent folders.
 * @param mode permissions of the file, before the umask.
 * @throws UserError (device) when the disk is full or not writable; the old file is then unchanged.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o666): void {
  replaceFile(path, (temporary) => writeFileSync(temporary, data, { flag: 'wx', mode }));
}

/** Copies a file like {@link writeFileAtomic}. Shares its blocks if the file system supports that. */
export function copyFileAtomic(from: string, to: string): void {
  replaceFile(to, (temporary) =>
    copyFileSync(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
  );
}

/** @returns whether `from` was renamed to `to`; false when `to` is a folder that is not empty. */
function renameIfFree(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && existsSync(to))) return false;
    throw thrown;
  }
}

/** Moves `temporary` to `folder`. Afterwards `temporary` may hold the old folder, which the caller removes. */
async function putInPlace(temporary: string, folder: string): Promise<void> {
  if (renameIfFree(temporary, folder)) return;
  const { exchangePaths } = await import('./exchange.js');
  if (exchangePaths(temporary, folder)) return;
  // Exchange is not supported. For an instant the old folder only exists under its hidden name. If this process dies at
  // that moment, a later removeStaleTemporaries restores it.
  const previous = temporaryBeside(folder, 'previous');
  inUse.add(previous);
  try {
    renameSync(folder, previous);
    renameSync(temporary, folder);
    discard(previous);
  } catch (thrown) {
    if (!existsSync(folder) && existsSync(previous)) renameSync(previous, folder);
    throw thrown;
  } finally {
    inUse.delete(previous);
  }
}

/**
 * Replaces a whole folder atomically: `write` fills an empty temporary folder, which then takes the place of `folder`.
 * Files that `write` does not create are gone afterwards.
 * @throws the error of `write`, or UserError (device) when the disk is full or not writable; the old folder is then
 * unchanged and the temporary one is removed.
 */
export async function replaceFolder(
  folder: string,
  write: (temporary: string) => void | Promise<void>,
): Promise<void> {
  // If the folder is a link, its target is replaced, not the link.
  const place = existsSync(folder) ? realpathSync(folder) : resolve(folder);
  const temporary = temporaryBeside(place, 'saving');
  inUse.add(temporary);
  try {
    makeFolder(dirname(place));
    mkdirSync(temporary);
    await write(temporary);
    flushTree(temporary);
    await putInPlace(temporary, place);
    flushFolder(dirname(place));
  } catch (thrown) {
    throw savingError(folder, thrown);
  } finally {
    discard(temporary);
    inUse.delete(temporary);
  }
}

/** Removes a folder so that it never appears half-removed. @throws UserError (device) when it cannot be removed. */
export function removeFolder(folder: string): void {
  const doomed = temporaryBeside(resolve(folder), 'deleting');
  try {
    renameSync(folder, doomed);
  } catch (thrown) {
    throw savingError(folder, thrown);
  }
  discard(doomed);
}

/** Whether a process with this id runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === 'EPERM';
  }
}

/**
 * Removes temporaries of dead processes from `folder`, and restores folders that such a process had moved aside.
 * Temporaries of running processes stay.
 */
export function removeStaleTemporaries(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder)) {
    const [, name, purpose, pid] = temporaryName.exec(entry) ?? [];
    if (name === undefined || pid === undefined) continue;
    const path = join(resolve(folder), entry);
    if (Number(pid) === process.pid ? inUse.has(path) : isAlive(Number(pid))) continue;
    if (purpose === 'previous' && !existsSync(join(folder, name))) renameSync(path, join(folder, name));
    else rmSync(path, { recursive: true, force: true });
  }
}
