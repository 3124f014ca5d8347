// Whether another user could change or replace a file before it is executed; sshd's StrictModes checks key files like this.
// Access control lists are not read. When they let others write, Linux shows that in the group bits.

import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';

const sticky = 0o1000;
const groupOrOthersWrite = 0o022;

/**
 * A clause that names who else can write a path or one of its parents; undefined when only this user and root can.
 * @param path without links, from realpath.
 * @throws the system's error for a path that does not exist.
 */
export function otherWriters(path: string): string | undefined {
  const user = process.geteuid?.();
  // Windows does not have these modes.
  if (user === undefined) return undefined;
  // In a user namespace root's files have another owner id. The owner of the root folder owns the system.
  const trusted = new Set([user, 0, lstatSync('/').uid]);
  for (let place = path; ; place = dirname(place)) {
    const { uid, mode } = lstatSync(place);
    if (!trusted.has(uid)) return `${place} belongs to another user`;
    // In a sticky folder such as /tmp everyone may add entries, but only an entry's owner may replace it, and the owner of
    // the entry below was just checked. The path itself must not accept entries of other users.
    const othersMayExchange = place === path || (mode & sticky) === 0;
    if (mode & groupOrOthersWrite && othersMayExchange) return `other users may write ${place}`;
    if (dirname(place) === place) return undefined;
  }
}
