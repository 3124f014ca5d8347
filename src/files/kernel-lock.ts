// flock(2): a lock on an open file that the kernel takes back when the process ends, however it ends. Node has no call
// for it. NFS passes it on to the server; some file systems and Windows do not have it.

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

/** @returns `taken`: it is ours until the descriptor is closed; `held`: another descriptor has it. */
export function takeKernelLock(descriptor: number): 'taken' | 'held' | 'unsupported' {
  if (flock === undefined) flock = find();
  if (flock === null) return 'unsupported';
  if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return 'taken';
  const { EAGAIN, EWOULDBLOCK } = koffi.os.errno;
  return [EAGAIN, EWOULDBLOCK].includes(koffi.errno()) ? 'held' : 'unsupported';
}
