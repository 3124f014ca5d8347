// The bytes of a file come in pieces, whose sizes depend on the disk, the archive and the compression. What is read never does.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../errors.js';
import { readRecords } from './read-records.js';
import type { Folder, FolderReader, ReadContext, TextReader } from './reader.js';
import { csv } from './readers/csv.js';
import { json } from './readers/json.js';
import { describedFormats, folderReaders, textReaders } from './readers.js';
import { recognize } from './recognize.js';
import type { Source } from './source.js';
import { Tally } from './tally.js';
import { openText } from './text-file.js';

/** A source that gives its bytes in pieces of a size. */
function inPieces(path: string, content: string | Uint8Array, size: number): Source {
  const bytes = Buffer.from(content as string);
  return {
    path,
    name: path,
    *bytes() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

const context = (): ReadContext => ({
  tally: new Tally(),
  options: { dateOrder: 'auto', columns: [], branches: 'best' },
});

/** Everything that is read from a file, or the error for people. */
function outcomeOf(source: Source): unknown {
  const found: unknown[] = [];
  const { tally, options } = context();
  try {
    const file = openText(source);
    const recognized = recognize(file, 'auto', true);
    if (recognized?.kind === 'text')
      found.push(recognized.reader.format, ...recognized.reader.read(file, { tally, options }));
    else if (recognized)
      readRecords(recognized.source.records(file, { tally, options }), {
        readers: recognized.readers,
        path: source.path,
        context: { tally, options },
        keep: (dialogue) => found.push(dialogue),
        gather: (message) => found.push(message),
      });
  } catch (thrown) {
    assert.ok(thrown instanceof UserError, String(thrown));
    found.push(thrown.message);
  }
  return [found, tally];
}

function outcomeOfFolder(reader: FolderReader, size: number): unknown {
  const files = Object.entries(reader.example).map(
    ([name, content]) => [name, inPieces(name, content, size)] as const,
  );
  const folder: Folder = { path: 'folder', files: new Map(files) };
  const { tally, options } = context();
  return [[...reader.read(folder, { tally, options })], tally];
}

const textsOf = (formats: readonly Pick<TextReader, 'example'>[]) =>
  formats.flatMap(({ example }) =>
    Object.entries(example).flatMap(([name, content]) =>
      typeof content === 'string' ? [{ name, content }] : [],
    ),
  );

describe('what is read does not depend on the pieces', () => {
  it('of one byte, or of a few', () => {
    for (const { name, content } of textsOf(describedFormats))
      for (const size of [1, 7])
        assert.deepEqual(
          outcomeOf(inPieces(name, content, size)),
          outcomeOf(inPieces(name, content, 2 ** 20)),
          name,
        );
  });

  it('of 64 KB, in a file that is longer', () => {
    for (const { name, content } of textsOf([...textReaders, json, csv])) {
      const long = content.repeat(Math.ceil(80_000 / Buffer.byteLength(content)));
      assert.deepEqual(
        outcomeOf(inPieces(name, long, 2 ** 16)),
        outcomeOf(inPieces(name, long, 2 ** 20)),
        name,
      );
    }
  });

  it('of the files of a folder', () => {
    for (const reader of folderReaders)
      for (const size of [1, 2 ** 16])
        assert.deepEqual(outcomeOfFolder(reader, size), outcomeOfFolder(reader, 2 ** 20), reader.format);
  });
});
