// The cache of compiled kernels, for the CPU and for the GPU. It knows nothing about compilers. A file name holds a key
// (sources, flags and compiler) and the hash of the file's bytes, so a damaged file is detected and compiled again. The
// content is executed, so a file is used only if no other user can write to it or to any folder above it, and the bytes
// that are executed are those behind the descriptor that was hashed.

import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { makeFolder } from '../files/make-folder.js';
import { otherWriters } from '../files/who-may-write.js';

/** An open file of compiled code. The caller must close the descriptor. */
export interface OpenedCode {
  readonly path: string;
  readonly content: Uint8Array;
  readonly descriptor: number;
}

/** Why none of the cache's folders could store a file: one clause per folder. */
export interface NotKept {
  readonly refusals: readonly string[];
}

/** The hash used in keys and file names: the first 40 hex digits of SHA-256. */
export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40);
}

export class CodeCache {
  /** @param folders in order of preference. @param ending the extension of its files, such as `.so`. */
  constructor(
    readonly folders: readonly string[],
    readonly ending: string,
  ) {}

  /** Opens the intact file for `key` in the first folder that has one. Damaged files are removed. */
  find(key: string): OpenedCode | undefined {
    for (const folder of this.folders) {
      try {
        const trusted = trustedFolder(folder);
        for (const name of readdirSync(trusted)) {
          if (!name.startsWith(`${key}-`) || !name.endsWith(this.ending)) continue;
          const found = this.#open(join(trusted, name), key);
          if (found !== undefined) return found;
          rmSync(join(trusted, name));
        }
      } catch {
        // A folder that cannot be read or trusted counts as empty.
      }
    }
    return undefined;
  }

  /** Writes a file to the first folder that can store it, and opens it there. */
  keep(key: string, content: Uint8Array): OpenedCode | NotKept {
    const refusals: string[] = [];
    for (const folder of this.folders) {
      try {
        makeFolder(folder, 0o700);
        const trusted = trustedFolder(folder);
        const path = join(trusted, `${key}-${digest(content)}${this.ending}`);
        writeFileAtomic(path, content, 0o644);
        const kept = this.#open(path, key);
        if (kept !== undefined) return kept;
        refusals.push(`${path} was replaced while it was written`);
      } catch (thrown) {
        refusals.push(messageOf(thrown));
      }
    }
    return { refusals };
  }

  /** undefined if the content does not match the hash in the name. */
  #open(path: string, key: string): OpenedCode | undefined {
    const opened = openCode(path);
    if (basename(path) === `${key}-${digest(opened.content)}${this.ending}`) return opened;
    closeSync(opened.descriptor);
    return undefined;
  }
}

/** @throws Error unless it is a regular file that only this user or root can write to. */
export function openCode(path: string): OpenedCode {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    const { uid, mode } = fstatSync(descriptor);
    const user = process.geteuid?.();
    const ours = user === undefined || ((uid === user || uid === 0) && (mode & 0o022) === 0);
    if (!ours || (mode & constants.S_IFMT) !== constants.S_IFREG)
      throw new Error(`other users may write ${path}`);
    return { path, content: readFileSync(descriptor), descriptor };
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

/** The path the loader must open to get the file behind the descriptor, even if another file now has the original path. */
export function loadablePath({ path, descriptor }: OpenedCode): string {
  const own = `/proc/self/fd/${descriptor}`;
  // Other systems load by path: the checked folders above the file prevent other users from replacing it.
  return process.platform === 'linux' && existsSync(own) ? own : path;
}

/** The folder's real path. @throws Error if other users can write to it or to a folder above it. */
export function trustedFolder(folder: string): string {
  const real = realpathSync(folder);
  const others = otherWriters(real);
  if (others !== undefined) throw new Error(others);
  return real;
}
