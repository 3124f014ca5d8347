// The example of every reader, cut at each byte or read as any other format, gives dialogues, or records that are left out, or
// an error for people.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { withFiles } from '../../test/written-files.js';
import { UserError } from '../errors.js';
import { readCorpus } from './read-corpus.js';
import { corpusFormats, describedFormats } from './readers.js';

for (const { format, example } of describedFormats)
  it(`${format}: the example, cut at each byte, is read or refused`, () => {
    const names = Object.keys(example);
    withFiles(example, (folder) => {
      for (const name of names) {
        const whole = Buffer.from(example[name] as string);
        for (let end = 0; end < whole.length; end++) {
          writeFileSync(join(folder, name), whole.subarray(0, end));
          try {
            readCorpus([names.length > 1 ? folder : join(folder, name)]);
          } catch (thrown) {
            assert.ok(thrown instanceof UserError, `${name} cut at byte ${end}: ${thrown}`);
          }
        }
        writeFileSync(join(folder, name), whole);
      }
    });
  });

it('reads the example of any other reader, or refuses it', () => {
  const files = describedFormats.flatMap(({ example }, index) =>
    Object.entries(example).map(([name, content]) => [`${index}/${name}`, content] as const),
  );
  withFiles(Object.fromEntries(files), (folder) => {
    for (const format of corpusFormats)
      for (const [name] of files)
        try {
          readCorpus([join(folder, name)], { format });
        } catch (thrown) {
          assert.ok(thrown instanceof UserError, `${name} as ${format}: ${thrown}`);
        }
  });
});
