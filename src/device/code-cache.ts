// The cache of compiled kernels, for the processor's and for a card's. A file is named by a key (what it was compiled
// from and by which compiler) and by the hash of its own bytes, so that a damaged one is compiled anew. Because its
// content is executed, a file is taken only where no other user could have written it or any folder above it, and what
// is executed are the bytes behind the descriptor that was hashed. Knows nothing of compilers.

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

/** A file of code, open. Whoever gets one closes its descriptor. */
export interface OpenedCode {
  readonly path: string;
  readonly content: Uint8Array;
  readonly descriptor: number;
}

/** Why no folder of a cache took a file, one clause a folder. */
export interface NotKept {
  readonly refusals: readonly string[];
}

/** The hash that names things here. */
export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40);
}

export class CodeCache {
  /** @param folders the preferred one first. @param ending of its files' names, as `.so`. */
  constructor(
    readonly folders: readonly string[],
    readonly ending: string,
  ) {}

  /** The undamaged file of that key, from the first folder that has one; damaged ones are removed. */
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
        // A folder that cannot be read or trusted holds nothing for us.
      }
    }
    return undefined;
  }

  /** Writes a file into the first folder that takes it, and opens it there. */
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
        refusals.push(`${path} was exchanged`);
      } catch (thrown) {
        refusals.push(messageOf(thrown));
      }
    }
    return { refusals };
  }

  /** undefined where the content is not the one that the name says. */
  #open(path: string, key: string): OpenedCode | undefined {
    const opened = openCode(path);
    if (basename(path) === `${key}-${digest(opened.content)}${this.ending}`) return opened;
    closeSync(opened.descriptor);
    return undefined;
  }
}

/** @throws Error where it is not a plain file that this user or root alone may write. */
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

/** What the loader opens to get the very file behind the descriptor, whatever has its path by now. */
export function loadablePath({ path, descriptor }: OpenedCode): string {
  const own = `/proc/self/fd/${descriptor}`;
  // Elsewhere than on Linux by path: the folders above it, which were checked, keep others from exchanging it.
  return process.platform === 'linux' && existsSync(own) ? own : path;
}

/** The folder without links. @throws Error where others may write it or one above it. */
export function trustedFolder(folder: string): string {
  const real = realpathSync(folder);
  const others = otherWriters(real);
  if (others !== undefined) throw new Error(others);
  return real;
}
