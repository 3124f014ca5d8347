// Identifies a process even after its id was given to another one: process ids are reused, every container has a process 1,
// and host names repeat. Linux provides most details. On other systems the answer may be unknown.

import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive } from './atomic.js';

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** The start time of the process in the system's units; null when unknown. */
  readonly started: string | null;
  /** Changes with every boot of the machine, and is the same in all of its containers; null when unknown. */
  readonly boot: string | null;
  /** The PID namespace of the id, which differs between containers. */
  readonly namespace: string | null;
}

export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    boot: readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: readOrNull(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether the process runs; null when that cannot be determined from here. */
export function isRunning(other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): boolean | null {
  if (!isSameMachine(other, own)) return null;
  // The machine has rebooted since.
  if (other.boot !== null && own.boot !== null && other.boot !== own.boot) return false;
  if (other.namespace !== own.namespace) return null;
  if (!isAlive(other.pid)) return false;
  const started = startOf(other.pid);
  return started === null || other.started === null || started === other.started;
}

/** Containers of one machine have different host names but the same boot id. */
export function isSameMachine(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.host === other.host || (one.boot !== null && one.boot === other.boot);
}

/** The start time. A zombie has no start time to compare: it is `ended`. */
function startOf(pid: number): string | null {
  if (process.platform === 'linux')
    return readOrNull(() => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name in brackets may contain anything, including brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state] = fields;
      return state === 'Z' || state === 'X' ? 'ended' : (fields[19] ?? null);
    });
  if (process.platform === 'win32') return null;
  const { stdout } = spawnSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', TZ: 'UTC' },
  });
  return stdout?.trim() || null;
}

function readOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
