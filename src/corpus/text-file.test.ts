import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { refusal } from '../../test/refusal.js';
import { readCorpusText } from './text-file.js';

const scratch = mkdtempSync(join(tmpdir(), 'text-file-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const path = join(scratch, 'chats.jsonl');

function read(content: string | Uint8Array): string {
  writeFileSync(path, content);
  return readCorpusText(path);
}

function refused(content: string | Uint8Array): string {
  return refusalOf(() => {
    writeFileSync(path, content);
    readCorpusText(path, 'utf-8');
  });
}

const refusalOf = (reading: () => unknown): string => refusal('data', reading).replaceAll(scratch, '');

function utf16(text: string, { bigEndian = false } = {}): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

describe('readCorpusText', () => {
  it('reads UTF-8 unchanged, without its byte order mark', () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((any) => any.trim() !== '' && !any.includes('\0'));
    const property = fc.property(text, (any) => {
      fc.pre(!any.startsWith('\ufeff') && !any.startsWith('PK\x03'));
      assert.equal(read(any), any);
      assert.equal(read(`\ufeff${any}`), any);
    });
    fc.assert(property, { seed: 1, numRuns: 50 });
  });

  it('says that a file is missing, empty or not a file', () => {
    assert.equal(
      refusalOf(() => readCorpusText(join(scratch, 'nope.json'))),
      '/nope.json does not exist; check the path',
    );
    assert.equal(
      refusalOf(() => readCorpusText(scratch)),
      ' is a folder, not a regular file; name a file or a folder of files',
    );
    assert.equal(refused(''), '/chats.jsonl is empty; add conversations to it');
    assert.equal(refused(' \n\ufeff\n'), '/chats.jsonl contains only white space; add conversations to it');
  });

  // Root reads everything.
  const itAsUser = process.getuid?.() === 0 ? () => {} : it;
  itAsUser('names a file that the user has no permission to read', () => {
    const locked = join(scratch, 'locked');
    writeFileSync(locked, 'x');
    chmodSync(locked, 0);
    assert.match(
      refusalOf(() => readCorpusText(locked)),
      /is not readable by this user/,
    );
  });

  it('recognizes UTF-16 with and without a byte order mark, and gives the command to convert it', () => {
    const text = '[{"text": "Hi", "response": "Hello"}]';
    for (const [content, from, name] of [
      [utf16(`\ufeff${text}`), 'UTF-16', 'UTF-16LE'],
      [utf16(`\ufeff${text}`, { bigEndian: true }), 'UTF-16', 'UTF-16BE'],
      [utf16(text), 'UTF-16LE', 'UTF-16LE'],
      [utf16(text, { bigEndian: true }), 'UTF-16BE', 'UTF-16BE'],
    ] as const)
      assert.equal(
        refused(content),
        `/chats.jsonl is in ${name}, not UTF-8; convert it with: iconv -f ${from} -t UTF-8 /chats.jsonl > /chats.jsonl.utf8`,
      );
  });

  it('finds the first byte that is not UTF-8', () => {
    const valid = 'Grüße 你好 😀\n'.repeat(50);
    const property = fc.property(fc.nat(valid.length), (at) => {
      const before = Buffer.from(valid.slice(0, at));
      const text = before.toString();
      fc.pre(!text.endsWith('\ufffd'));
      const line = text.split('\n').length;
      const message = refused(Buffer.concat([before, Buffer.of(0xe9), Buffer.from(` au lait\n${valid}`)]));
      assert.ok(message.startsWith(`/chats.jsonl:${line} has the byte 0xE9, which is not UTF-8; `), message);
    });
    fc.assert(property, { seed: 2 });
  });

  it('guesses the encoding of a file that is not UTF-8', () => {
    assert.match(
      refused(Buffer.from('caf\xe9 cr\xe8me', 'latin1')),
      /:1 has the byte 0xE9.*iconv -f WINDOWS-1252 -t UTF-8/,
    );
    // `你好，世界` in GB18030.
    assert.match(
      refused(Buffer.from('c4e3bac3a3accac0bde7', 'hex')),
      /in GB18030, convert it with: iconv -f GB18030/,
    );
    assert.match(refused(Buffer.from('cut short: \xe4\xbd', 'latin1')), /:1 has the byte 0xE4/);
  });

  it('quotes a path for the shell', () => {
    const folder = join(scratch, "it's mine");
    mkdirSync(folder);
    const odd = join(folder, 'a b.txt');
    writeFileSync(odd, Buffer.of(0x61, 0xff, 0x0a));
    assert.ok(
      refusalOf(() => readCorpusText(odd, 'utf-8')).endsWith(
        ` '/it'\\''s mine/a b.txt' > '/it'\\''s mine/a b.txt.utf8'`,
      ),
    );
  });

  it('refuses binary files, and names their format if it is known', () => {
    assert.equal(
      refused('PK\x03\x04 and so on'),
      '/chats.jsonl is a zip archive within another archive, not text; unpack the outer one',
    );
    assert.match(refused('{"a": "b\0"}'), /is a binary file \(byte 8 is zero\), not text/);
  });
});
