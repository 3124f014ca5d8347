// What holds for every reader: its example is read, no other reader is sure of it, and a file that is cut short gives
// dialogues or a UserError.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFiles } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { type Corpus, readCorpus } from './read-corpus.js';
import { describedFormats, folderReaders, recordReaders, recordSources, textReaders } from './readers.js';
import { sampleOf } from './recognize.js';
import { diskSource } from './source.js';
import { openText } from './text-file.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

const byFormat = new Map(describedFormats.map((reader) => [reader.format, reader]));

/** Reads the files as one folder. */
function readFolder(files: Files): Corpus {
  return withFiles(files, (folder) => readCorpus([folder]));
}

/** Reads the files as one folder if they are several, and otherwise as a named file. */
function read(files: Files): Corpus {
  const [name = '', ...others] = Object.keys(files);
  if (others.length > 0) return readFolder(files);
  return withFiles(files, (folder) => readCorpus([join(folder, name)]));
}

const bytesOf = (content: string | Uint8Array) => Buffer.from(content as string);

describe('every reader', () => {
  it('has a name of its own', () => assert.equal(byFormat.size, describedFormats.length));

  for (const { format, example } of describedFormats) {
    it(`${format}: the example is read as this format`, () => {
      for (const { dialogues, summary } of [read(example), readFolder(example)]) {
        assert.ok(dialogues.length > 0);
        const found = summary.files.map((file) => file.format);
        const isNotation = recordSources.some((source) => source.format === format && source.isNotation);
        if (isNotation) assert.ok(recordReaders.some((reader) => reader.format === found[0]));
        else assert.deepEqual(new Set(found), new Set([format]));
        assert.deepEqual(summary.skippedFiles, []);
      }
    });

    it(`${format}: the example, cut anywhere, is read or refused`, () => {
      const [name = '', content = ''] = Object.entries(example).at(-1) ?? [];
      const bytes = bytesOf(content);
      const step = Math.max(1, Math.floor(bytes.length / 40));
      for (let end = 0; end < bytes.length; end += step)
        try {
          read({ ...example, [name]: bytes.subarray(0, end) });
        } catch (thrown) {
          assert.ok(thrown instanceof UserError, `${format} cut at byte ${end}: ${thrown}`);
        }
    });
  }

  it('is not sure of the example of another reader', () => {
    const readers = [...textReaders, ...recordSources];
    for (const other of describedFormats) {
      if (folderReaders.some((reader) => reader === other)) continue;
      for (const [name, content] of Object.entries(other.example)) {
        if (typeof content !== 'string') continue;
        withFiles({ [name]: content }, (folder) => {
          const sample = sampleOf(openText(diskSource(join(folder, name))));
          const sure = readers.filter((reader) => reader.recognizes(sample) === 'sure');
          assert.ok(sure.length <= 1, `${name} of ${other.format}: ${sure.map(({ format }) => format)}`);
        });
      }
    }
  });

  it('is asked for if two are sure of a file', () => {
    const both = '1 a\ttext:b\tlabels:c\n2 d\ttext:e\tlabels:f\n';
    withFiles({ 'a.txt': both }, (folder) => {
      const path = join(folder, 'a.txt');
      assert.throws(
        () => readCorpus([path]),
        /can be read as parlai and as numbered; choose with .*parlai.* or .*numbered/,
      );
      assert.deepEqual(
        readCorpus([path], { format: 'parlai' }).dialogues[0]?.turns.map(({ text }) => text),
        ['b', 'c', 'e', 'f'],
      );
    });
  });

  it('reads records that no other record reader before it takes', () => {
    for (const { format, example } of recordReaders)
      assert.deepEqual(
        read(example).summary.files.map((file) => file.format),
        [format],
      );
  });
});
