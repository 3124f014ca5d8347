import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.js';
import { encoded, smallTalk } from '../../test/languages.js';
import { refusal } from '../../test/refusal.js';
import { diskSource } from './source.js';
import { linesOf, openText, readCorpusText } from './text-file.js';

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
      .string({ unit: anyCharacter, minLength: 1 })
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

  it('reads UTF-16 with and without a byte order mark, unless the encoding is given', () => {
    const text = '[{"text": "Hi", "response": "Hello"}]';
    for (const [content, name] of [
      [utf16(`\ufeff${text}`), 'UTF-16LE'],
      [utf16(`\ufeff${text}`, { bigEndian: true }), 'UTF-16BE'],
      [utf16(text), 'UTF-16LE'],
      [utf16(text, { bigEndian: true }), 'UTF-16BE'],
    ] as const) {
      assert.equal(read(content), text);
      assert.equal(
        refused(content),
        `/chats.jsonl is in ${name}, not in UTF-8; read it with --encoding ${name.toLowerCase()}`,
      );
    }
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

  it('recognizes the encoding of a file that is not UTF-8', () => {
    for (const [language, encoding] of [
      ['simplified', 'gb18030'],
      ['traditional', 'big5'],
      ['japanese', 'shift_jis'],
      ['korean', 'euc-kr'],
      ['russian', 'koi8-r'],
      ['western', 'windows-1252'],
    ] as const) {
      const text = smallTalk[language].join('\n');
      const bytes = encoded(text, encoding);
      assert.equal(read(bytes), text, encoding);
      assert.match(refused(bytes), new RegExp(`:1 has the byte 0x.*read it with --encoding ${encoding}$`));
    }
  });

  it('recognizes an encoding whose first character is at the end of a piece', () => {
    const [line] = smallTalk.simplified;
    const start = 'An ASCII line.\n'.repeat(2 ** 20 / 15);
    for (const before of ['', '1', '12'])
      assert.ok(
        read(Buffer.concat([Buffer.from(start + before), encoded(line, 'gb18030')])).endsWith(before + line),
      );
  });

  it('reads the encoding that is asked for, and counts what is invalid in it', () => {
    const text = smallTalk.simplified.join('\n');
    const bytes = encoded(text, 'gb18030');
    writeFileSync(path, bytes.subarray(0, -1));
    const { damages, pieces } = openText(diskSource(path), 'gb18030');
    assert.equal(damages, 1);
    assert.equal([...pieces()].join(''), `${text.slice(0, -1)}\ufffd`);
    assert.match(
      refusalOf(() => readCorpusText(path, 'shift_jis')),
      /^\/chats\.jsonl is not in Shift-JIS: \d+ of \d+ characters outside of ASCII are invalid in it; leave out --encoding/,
    );
  });

  it('refuses a line without end before it fills the memory', () => {
    let given = 0;
    const endless = {
      ...({ path: 'chats.txt', name: 'chats.txt', encoding: 'utf-8', damages: 0 } as const),
      *pieces() {
        for (; given < 2 ** 31; given += 2 ** 22) yield 'x'.repeat(2 ** 22);
      },
    };
    assert.throws(
      () => [...linesOf(endless)],
      /^UserError.*chats\.txt:1 starts a line of more than 67108864 characters/s,
    );
    assert.ok(given < 2 ** 27);
  });

  it('refuses an encoding that it does not know', () => {
    assert.match(
      refusalOf(() => read(Buffer.from('cut short: \xe4\xbd', 'latin1'))),
      /:1 has the byte 0xE4, which is not UTF-8; correct it, or name the encoding of the file with --encoding$/,
    );
  });

  it('refuses binary files, and names their format if it is known', () => {
    assert.equal(
      refused('PK\x03\x04 and so on'),
      '/chats.jsonl is a zip archive within another archive, not text; unpack the outer one',
    );
    assert.match(refused(`${'a.json'.padEnd(257, '\0')}ustar`), / is a tar archive, not text; unpack it$/);
    assert.match(refused('Rar!\x1a'), / is a RAR archive, not text; unpack it$/);
    assert.match(refused('{"a": "b\0"}'), /is a binary file \(byte 8 is zero\), not text/);
  });
});
