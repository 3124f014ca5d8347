// For tests: a disk of a given size, which only root can mount and only on Linux. Where it cannot be mounted, tests that
// need one are not registered.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function mount(options: string): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return null;
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
}

/** @returns whether disks can be mounted here. */
function canMount(): boolean {
  const folder = mount('size=64k');
  if (folder !== null) unmount(folder);
  return folder !== null;
}

export const disksCanBeMounted = canMount();

/** @param options of a tmpfs, such as `size=256k` or `ro`. */
export async function withDisk(options: string, use: (folder: string) => unknown): Promise<void> {
  const folder = mount(options);
  if (folder === null) throw new Error(`no tmpfs can be mounted with ${options}`);
  try {
    await use(folder);
  } finally {
    unmount(folder);
  }
}

/** Leaves no free byte on the disk. @returns the file that takes them. */
export function fillDisk(folder: string): string {
  const path = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(path, Buffer.alloc(bavail * bsize));
  return path;
}
