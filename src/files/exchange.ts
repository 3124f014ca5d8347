// Swaps two folders in one atomic step, where the system can: Linux's renameat2(RENAME_EXCHANGE), macOS's
// renamex_np(RENAME_SWAP). Node has no call for it, and a plain rename cannot replace a folder that holds files.

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
    // A C library without the call: the caller has another way.
  }
  return () => false;
}

/**
 * Both paths must exist on one file system; afterwards each names what the other did.
 * @returns false, with nothing changed, where the system or the file system cannot do it.
 */
export function exchangePaths(one: string, other: string): boolean {
  exchange ??= find();
  return exchange(one, other);
}
