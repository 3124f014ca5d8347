// Swaps two folders in one atomic step if the system can: Linux's renameat2(RENAME_EXCHANGE), macOS's
// renamex_np(RENAME_SWAP). Node does not offer this, and a plain rename cannot replace a folder that is not empty.

import koffi from 'koffi';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const RENAME_SWAP = 2;

type Exchange = (one: string, other: string) => boolean;

let exchange: Exchange | undefined;

function find(): Exchange {
  try {
    const system = koffi.load(null);
    if (process.platform === 'linux') {
      const renameat2 = system.func('int renameat2(int, const char *, int, const char *, unsigned int)');
      return (one, other) => renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) === 0;
    }
    if (process.platform === 'darwin') {
      const renamex = system.func('int renamex_np(const char *, const char *, unsigned int)');
      return (one, other) => renamex(one, other, RENAME_SWAP) === 0;
    }
  } catch {
    // This C library does not have the call. The caller has a fallback.
  }
  return () => false;
}

/**
 * Both paths must exist on one file system. Afterwards each path names what the other one named before.
 * @returns false, with nothing changed, when the system or the file system does not support it.
 */
export function exchangePaths(one: string, other: string): boolean {
  exchange ??= find();
  return exchange(one, other);
}
