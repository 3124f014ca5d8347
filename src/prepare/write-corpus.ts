// Writes the folder of a prepared corpus: all of it, or nothing. Every file is readable only by its owner.

import { copyFileSync, createWriteStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  cardName,
  evalName,
  forgottenName,
  lastingNames,
  manifestName,
  rejectedName,
  reportName,
  trainName,
} from '../corpus/prepared/prepared-files.js';
import { replaceFolder } from '../files/atomic.js';
import { ContentsCounts } from './card/contents.js';
import { renderReadme } from './card/readme.js';
import type { Ledger } from './ledger.js';
import type { Manifest } from './manifest.js';
import { renderReport } from './report.js';
import type { Suspicion } from './suspicious/suspicion.js';

/** Lines are without the line feed. */
export interface Contents {
  readonly train: Iterable<string>;
  readonly evaluation: Iterable<string>;
  /** Lines of rejected.jsonl that come before those of the ledger. */
  readonly rejected?: Iterable<string>;
  readonly ledger: Ledger;
  readonly manifest: Manifest;
  /** forgotten.json, if it changes. */
  readonly forgotten?: string | undefined;
  /** Called at the end, before the corpus is put into place; it can throw to keep the old one. */
  readonly check?: () => void;
  /** If a model ranked the replies. */
  readonly suspicion?: Suspicion | undefined;
  /** What the sources became. Without it, the next preparation reads all of them. */
  readonly kept?: { putInto(corpus: string): void };
}

/**
 * What an older corpus knows of models and of who was forgotten stays.
 * @returns the manifest with what the corpus holds.
 * @throws UserError (device) if the disk is full or the folder not writable; an older corpus then stays as it is.
 */
export async function writeCorpus(folder: string, contents: Contents): Promise<Manifest> {
  const { train, evaluation, rejected = [], ledger, forgotten, check } = contents;
  const { dialogues } = contents.manifest;
  const counts = await ContentsCounts.start(dialogues.train + dialogues.eval);
  let manifest = contents.manifest;
  await replaceFolder(folder, async (temporary) => {
    const write = async (name: string, pieces: Iterable<string | Uint8Array>) => {
      const file = createWriteStream(join(temporary, name), { mode: 0o600 });
      const input = Readable.from(pieces);
      await (name.endsWith('.gz') ? pipeline(input, createGzip(), file) : pipeline(input, file));
    };
    await write(trainName, ended(counts.counted(train)));
    if (manifest.dialogues.eval > 0) await write(evalName, ended(counts.counted(evaluation)));
    manifest = { ...manifest, contents: counts.result() };
    await write(rejectedName, allRejected(rejected, ledger));
    await write(reportName, [renderReport(manifest, ledger, contents.suspicion)]);
    await write(cardName, [renderReadme(manifest)]);
    contents.kept?.putInto(temporary);
    await write(manifestName, [`${JSON.stringify(manifest, null, 2)}\n`]);
    for (const name of lastingNames.filter((one) => existsSync(join(folder, one))))
      copyFileSync(join(folder, name), join(temporary, name));
    if (forgotten !== undefined) writeFileSync(join(temporary, forgottenName), forgotten, { mode: 0o600 });
    check?.();
  });
  return manifest;
}

function* ended(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}

function* allRejected(before: Iterable<string>, ledger: Ledger): Generator<string | Buffer> {
  yield* ended(before);
  yield* piecesOf(ledger);
}

const pieceBytes = 2 ** 16;

function* piecesOf({ rejected }: Ledger): Generator<Buffer> {
  for (let done = 0; done < rejected.length; done += pieceBytes)
    yield Buffer.from(rejected.read(done, Math.min(pieceBytes, rejected.length - done)));
}
