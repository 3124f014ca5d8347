// Files of 2 GB whose last line has nearly all of it. A line can be longer than the longest possible string.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const length = 2 ** 31;
const script = fileURLToPath(new URL('./measured-reading.js', import.meta.url));

/** The file begins with `beginning`, and the letter `a` follows up to its end. */
const beginnings: readonly (readonly [name: string, beginning: string, said: RegExp])[] = [
  ['JSON lines', '{"text": "', /^PLACE:1 starts a record of more than 67108864 characters, [^\n]*$/],
  [
    'a list in a JSON object',
    '{"data": [\n{"text": "a", "response": "b"},\n{"text": "',
    /^PLACE:3 starts a record of more than 67108864 characters, [^\n]*$/,
  ],
  [
    'an unclosed cell of a table',
    'question,answer\na,b\nc,"d',
    /^PLACE: 1 dialogue, 2 turns \(qa\); 1 record skipped: longer than 67108864 characters \(line 3\)$/,
  ],
  [
    'a WhatsApp chat',
    '[06.13.18 21:25:15] Ann: a\n[06.13.18 21:25:16] Ben: ',
    /^PLACE:2 starts a line of more than 67108864 characters, [^\n]*$/,
  ],
];

describe('a line of 2 GB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chatbot-train-long-line-'));
  const path = join(folder, 'long.txt');
  const longestBeginning = Math.max(...beginnings.map(([, beginning]) => beginning.length));

  before(() => {
    const file = openSync(path, 'w');
    const letters = Buffer.alloc(2 ** 22, 'a');
    for (let done = 0; done < length; ) done += writeSync(file, letters);
    closeSync(file);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, beginning, expected] of beginnings)
    it(`in ${name} is refused or left out, with one sentence, within 1 GB`, () => {
      const file = openSync(path, 'r+');
      writeSync(file, beginning.padEnd(longestBeginning, 'a'), 0);
      closeSync(file);
      const { said, peak } = JSON.parse(
        execFileSync(process.execPath, [script, path], { encoding: 'utf8' }),
      ) as { readonly said: string; readonly peak: number };
      assert.match(said.replace(path, 'PLACE'), expected);
      assert.ok(peak < 1e9, `${Math.round(peak / 1e6)} MB`);
    });
});
