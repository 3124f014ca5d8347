// Downloads a public corpus into a folder, file by file, and writes down where the files come from. It does not ask anyone; that
// is for the caller.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import { lockFolder } from '../files/folder-lock.js';
import { isRecord } from '../objects.js';
import { contentHash } from '../weights/hub-download.js';
import type { PublicCorpus } from './corpora.js';
import { downloadRecordIn, recordName } from './download-record.js';
import { type DownloadSource, type DownloadWatcher, FileDownload, sizeAt } from './file-download.js';

/**
 * Downloads all files of a corpus that the folder does not have yet.
 * @param replace whether files that are other than expected may be replaced.
 * @throws UserError; files that are complete, and the received part of the others, are kept.
 */
export async function downloadCorpus(
  corpus: PublicCorpus,
  folder: string,
  replace: boolean,
  source: DownloadSource,
  watcher: DownloadWatcher,
): Promise<void> {
  const lock = lockFolder(folder);
  try {
    const recorded = recordedChecksums(folder);
    const files: object[] = [];
    for (const file of corpus.files) {
      const checksum = file.checksum ?? recorded.get(file.path) ?? null;
      if (checksum === null)
        watcher.note(`no checksum of ${file.path} is known; that of this download is recorded`);
      const path = join(folder, file.path);
      const download = new FileDownload({ ...file, checksum }, path, source, watcher);
      if (!(await download.isThere(replace))) await download.run();
      const size = statSync(path).size;
      const sha256 = await contentHash(path, { size, hash: '0'.repeat(64) });
      files.push({ path: file.path, url: file.url, bytes: size, sha256 });
    }
    const { name, title, licence, home } = corpus;
    const record = { name, title, licence, home, files };
    writeFileAtomic(join(folder, recordName), `${JSON.stringify(record, null, 2)}\n`);
  } finally {
    lock.release();
  }
}

/** The sizes of the files that the table does not know, as their servers say. Null where one does not say. */
export async function askForSizes(corpus: PublicCorpus, source: DownloadSource): Promise<(number | null)[]> {
  const sizes: (number | null)[] = [];
  for (const file of corpus.files) sizes.push(file.bytes ?? (await sizeAt(file, source)));
  return sizes;
}

function recordedChecksums(folder: string): ReadonlyMap<string, string> {
  const { files } = downloadRecordIn(folder) ?? {};
  if (!Array.isArray(files)) return new Map();
  return new Map(
    files.flatMap((file) =>
      isRecord(file) && typeof file.path === 'string' && typeof file.sha256 === 'string'
        ? [[file.path, file.sha256] as const]
        : [],
    ),
  );
}
