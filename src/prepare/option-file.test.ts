// Files that options name are read only if they are regular, small enough and text. Nothing waits for a pipe or reads a device.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { UserError } from '../errors.js';
import { PreparedCorpus } from './prepared-corpus.js';
import { dropUnsafe } from './rules/drop-unsafe.js';
import { keyIn, namesIn } from './sensitive/name-file.js';
import { labelledTexts } from './unsafe/labelled-file.js';
import { entriesIn } from './unsafe/word-list.js';

const root = mkdtempSync(join(tmpdir(), 'option-file-'));
after(() => rmSync(root, { recursive: true }));

const filter = (path: string) =>
  dropUnsafe.start({ unsafeWords: [], unsafeFilter: path, unsafeThreshold: 0.5 });
const readers = { entriesIn, namesIn, keyIn, labelledTexts, filter };

const pipe = join(root, 'pipe');
const isPiped = spawnSync('mkfifo', [pipe]).status === 0;
const others = [root, ...(isPiped ? [pipe] : []), ...(existsSync('/dev/zero') ? ['/dev/zero'] : [])];

for (const [name, read] of Object.entries(readers))
  it(`${name} refuses what is no regular file in one sentence`, async () => {
    for (const path of others)
      await assert.rejects(
        async () => read(path),
        (thrown) => thrown instanceof UserError && /is a .*, not a regular file/.test(thrown.message),
      );
  });

it('refuses names that are no text and a list without names, but reads any secret', () => {
  const path = join(root, 'file');
  writeFileSync(path, Buffer.from([0xff, 0x00, 0x80]));
  assert.throws(() => namesIn(path), /is not UTF-8 text; name a text file/);
  assert.ok(keyIn(path).length > 0);
  writeFileSync(path, '# nobody\n');
  assert.throws(() => namesIn(path), /holds no names; name a text file/);
  assert.deepEqual(entriesIn(path), []);
});

if (isPiped)
  it('refuses a corpus whose manifest is a pipe', () => {
    const corpus = mkdtempSync(join(root, 'corpus-'));
    spawnSync('mkfifo', [join(corpus, 'manifest.json')]);
    writeFileSync(join(corpus, 'train.jsonl.gz'), '');
    assert.throws(() => new PreparedCorpus(corpus), /manifest\.json is damaged/);
  });
