// Writes files for a test into a temporary folder and removes it afterwards.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** @param files content by path. @param use gets the path of the folder. @returns what `use` returns. */
export function withFiles<Result>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Result,
): Result {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Makes new folders inside `root`, each with the files that it is given. Content that is neither text nor bytes is written as
 * JSON; a file whose content is undefined is left out.
 */
export function folderMaker(root: string): (files?: Readonly<Record<string, unknown>>) => string {
  let count = 0;
  return (files = {}) => {
    const folder = join(root, `folder-${count++}`);
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files))
      if (content !== undefined) {
        const isText = typeof content === 'string' || content instanceof Uint8Array;
        writeFileSync(join(folder, name), isText ? content : JSON.stringify(content));
      }
    return folder;
  };
}
