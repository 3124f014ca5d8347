// Writes the folder of a prepared corpus: all of it, or nothing. Every file is readable only by its owner.

import { copyFileSync, createWriteStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  evalName,
  lastingNames,
  manifestName,
  rejectedName,
  reportName,
  trainName,
} from '../corpus/prepared/prepared-files.js';
import { replaceFolder } from '../files/atomic.js';
import type { Ledger } from './ledger.js';
import type { Manifest } from './manifest.js';
import type { PreparedStore } from './prepared-store.js';
import { renderReport } from './report.js';

export interface Contents {
  readonly store: PreparedStore;
  /** Indices in the store. */
  readonly train: Int32Array;
  readonly evaluation: Int32Array;
  readonly ledger: Ledger;
  readonly manifest: Manifest;
  /** What the sources became. Without it, the next preparation reads all of them. */
  readonly kept?: { putInto(corpus: string): void };
}

/**
 * What an older corpus knows of models and of who was forgotten stays.
 * @throws UserError (device) if the disk is full or the folder not writable; an older corpus then stays as it is.
 */
export async function writeCorpus(folder: string, contents: Contents): Promise<void> {
  const { store, train, evaluation, ledger, manifest, kept } = contents;
  await replaceFolder(folder, async (temporary) => {
    const write = async (name: string, pieces: Iterable<string | Uint8Array>) => {
      const file = createWriteStream(join(temporary, name), { mode: 0o600 });
      const input = Readable.from(pieces);
      await (name.endsWith('.gz') ? pipeline(input, createGzip(), file) : pipeline(input, file));
    };
    await write(trainName, linesOf(store, train));
    if (evaluation.length > 0) await write(evalName, linesOf(store, evaluation));
    await write(rejectedName, piecesOf(ledger));
    await write(reportName, [renderReport(manifest, ledger)]);
    kept?.putInto(temporary);
    await write(manifestName, [`${JSON.stringify(manifest, null, 2)}\n`]);
    for (const name of lastingNames.filter((one) => existsSync(join(folder, one))))
      copyFileSync(join(folder, name), join(temporary, name));
  });
}

function* linesOf(store: PreparedStore, indices: Int32Array): Generator<string> {
  for (const index of indices) yield `${store.line(index)}\n`;
}

const pieceBytes = 2 ** 16;

function* piecesOf({ rejected }: Ledger): Generator<Buffer> {
  for (let done = 0; done < rejected.length; done += pieceBytes)
    yield Buffer.from(rejected.read(done, Math.min(pieceBytes, rejected.length - done)));
}
