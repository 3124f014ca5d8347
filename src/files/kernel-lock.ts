// flock(2): a lock on an open file that the kernel releases when the process ends for any reason. Node does not offer it.
// NFS passes it on to the server. Windows and some file systems do not support it.

import koffi from 'koffi';

const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = (descriptor: number, operation: number) => number;

let flock: Flock | null | undefined;

function find(): Flock | null {
  if (process.platform === 'win32') return null;
  try {
    return koffi.load(null).func('int flock(int, int)');
  } catch {
    return null;
  }
}

/** @returns `taken`: we hold it until the descriptor is closed; `held`: another descriptor holds it. */
export function takeKernelLock(descriptor: number): 'taken' | 'held' | 'unsupported' {
  if (flock === undefined) flock = find();
  if (flock === null) return 'unsupported';
  if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return 'taken';
  const { EAGAIN, EWOULDBLOCK } = koffi.os.errno;
  return [EAGAIN, EWOULDBLOCK].includes(koffi.errno()) ? 'held' : 'unsupported';
}
