// A prepared corpus on disk, read line by line: for programs that make another corpus from it.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type PreparedDialogue, parsePrepared } from '../corpus/prepared/prepared-dialogue.js';
import { evalName, manifestName, rejectedName, trainName } from '../corpus/prepared/prepared-files.js';
import { diskSource } from '../corpus/source.js';
import { linesOf, openText } from '../corpus/text-file.js';
import { UserError } from '../errors.js';
import { readText } from '../files/regular-file.js';
import { isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { type Manifest, manifestFormat, manifestVersion } from './manifest.js';

export class PreparedCorpus {
  readonly manifest: Manifest;

  /** @throws UserError (usage) if `folder` is not a prepared corpus that this version reads. */
  constructor(readonly folder: string) {
    this.manifest = manifestIn(folder);
  }

  /** The training part. Each iteration reads it anew. */
  get train(): Iterable<PreparedDialogue> {
    return { [Symbol.iterator]: () => dialoguesIn(join(this.folder, trainName)) };
  }

  get evaluation(): Iterable<PreparedDialogue> {
    return { [Symbol.iterator]: () => dialoguesIn(join(this.folder, evalName)) };
  }

  get trainLines(): Iterable<string> {
    return textsIn(join(this.folder, trainName));
  }

  get evaluationLines(): Iterable<string> {
    return textsIn(join(this.folder, evalName));
  }

  get rejectedLines(): Iterable<string> {
    return textsIn(join(this.folder, rejectedName));
  }
}

/** It names each source, of which there can be many. */
const mostManifestBytes = 2 ** 28;

function manifestIn(folder: string): Manifest {
  const path = join(folder, manifestName);
  if (!existsSync(path) || !existsSync(join(folder, trainName)))
    throw new UserError(
      'corpus-not-prepared',
      `${quoted(folder)} is not a prepared corpus; make one with chatbot-data prepare`,
    );
  const manifest = parsed(path);
  if (!isRecord(manifest) || manifest.format !== manifestFormat || !isRecord(manifest.dialogues))
    throw new UserError('prepared-corpus-damaged', `${path} is damaged; prepare the corpus again`);
  if (manifest.version !== manifestVersion)
    throw new UserError(
      'prepared-corpus-damaged',
      `${path} is of version ${quoted(manifest.version)}, but this program reads ${manifestVersion}; prepare the corpus again`,
    );
  return manifest as unknown as Manifest;
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readText(path, mostManifestBytes));
  } catch {
    return undefined;
  }
}

function* dialoguesIn(path: string): Generator<PreparedDialogue> {
  if (!existsSync(path)) return;
  for (const { text, number } of linesOf(openText(diskSource(path), 'utf-8')))
    yield parsePrepared(text, `${path}:${number}`);
}

function* textsIn(path: string): Generator<string> {
  // A file that is empty holds nothing, which is no fault of rejected.jsonl.
  if (!existsSync(path) || readsNothing(path)) return;
  for (const { text } of linesOf(openText(diskSource(path), 'utf-8'))) yield text;
}

function readsNothing(path: string): boolean {
  for (const bytes of diskSource(path).bytes()) if (bytes.length > 0) return false;
  return true;
}
