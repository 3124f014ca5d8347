// Whether another user could change or exchange a file before it is run: the question that sshd's StrictModes asks of a
// key file. Access control lists are not read; where they let others write, Linux shows that in the group's bits.

import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';

const sticky = 0o1000;
const groupOrOthersWrite = 0o022;

/**
 * A clause that says who else can write a file or folder, or one above it; undefined where only this user and root can.
 * @param path without links, as realpath gives it.
 * @throws what the system says of a path that does not exist.
 */
export function otherWriters(path: string): string | undefined {
  const user = process.geteuid?.();
  // Windows has no such modes.
  if (user === undefined) return undefined;
  // In a user namespace root's files belong to another number: whoever owns the root folder owns the system.
  const trusted = new Set([user, 0, lstatSync('/').uid]);
  for (let place = path; ; place = dirname(place)) {
    const { uid, mode } = lstatSync(place);
    if (!trusted.has(uid)) return `${place} belongs to another user`;
    // In a sticky folder such as /tmp everyone may add entries, but only an entry's owner may exchange it, and the
    // owner of the one below was just checked. The place itself must not take others' entries.
    const othersMayExchange = place === path || (mode & sticky) === 0;
    if (mode & groupOrOthersWrite && othersMayExchange) return `other users may write ${place}`;
    if (dirname(place) === place) return undefined;
  }
}
