import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { refusal } from '../../test/refusal.js';
import { withFiles } from '../../test/written-files.js';
import { type Member, zipArchive } from '../../test/zip-archive.js';
import { readCorpus } from './read-corpus.js';

const chat = (word: string) => `{"turns": ["${word}", "yes"]}\n`;

const read = (name: string, content: Uint8Array) =>
  withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)]);
    return {
      first: dialogues.map(({ turns }) => turns[0]?.text),
      sources: dialogues.map(({ source }) => source.replace(`${folder}/`, '')),
      skipped: summary.skippedFiles.map(({ path, reason }) => [path.replace(`${folder}/`, ''), reason]),
    };
  });

const refused = (name: string, content: Uint8Array) =>
  withFiles({ [name]: content }, (folder) =>
    refusal('data', () => readCorpus([join(folder, name)])).replaceAll(`${folder}/`, ''),
  );

const refusedMember = (member: Member | string) => refused('a.zip', zipArchive({ 'b/chats.jsonl': member }));

describe('a zip archive', () => {
  it('is read like a folder, without unpacking it', () => {
    const members = {
      'b/z.jsonl': chat('z'),
      'a.JSONL': chat('a'),
      'photo.jpg': Buffer.from([0xff, 0xd8, 0]),
    };
    const { first, sources, skipped } = read('export.zip', zipArchive(members));
    assert.deepEqual(first, ['a', 'z']);
    assert.deepEqual(sources, ['export.zip/a.JSONL:1', 'export.zip/b/z.jsonl:1']);
    assert.deepEqual(skipped, [['export.zip/photo.jpg', 'a picture, a recording or a document']]);
  });

  it('is recognized by its content, whatever its name, also in a folder', () => {
    assert.deepEqual(read('backup', zipArchive({ 'a.json': chat('a') })).first, ['a']);
    withFiles({ 'more/x.zip': zipArchive({ 'a.json': chat('a') }), 'more/b.json': chat('b') }, (folder) =>
      assert.equal(readCorpus([folder]).dialogues.length, 2),
    );
  });

  it('is read with members that are larger than a piece', () => {
    const many = Array.from({ length: 40_000 }, (_, index) => chat(`question ${index * 7919}`)).join('');
    assert.equal(read('a.zip', zipArchive({ 'chats.jsonl': many })).first.length, 40_000);
  });

  it('that holds what macOS adds, or links, is read without them', () => {
    const members = {
      '__MACOSX/._chats.jsonl': 'x',
      '.hidden.jsonl': 'x',
      'chats.jsonl': chat('a'),
      'link.jsonl': { content: '/etc/passwd', isLink: true },
    } as const;
    const { first, skipped } = read('a.zip', zipArchive(members));
    assert.deepEqual([first, skipped], [['a'], [['a.zip/link.jsonl', 'a link in an archive']]]);
  });

  it('is refused if a member leads out of it, is encrypted, damaged or compressed in an unknown way', () => {
    assert.match(
      refused('a.zip', zipArchive({ '../chats.jsonl': chat('a') })),
      /^a\.zip has an entry "\.\.\/chats\.jsonl", which points outside its folder/,
    );
    assert.match(
      refusedMember({ content: chat('a'), encrypted: true }),
      /^a\.zip\/b\/chats\.jsonl is encrypted/,
    );
    assert.match(refusedMember({ content: chat('a'), checksum: 7 }), /^a\.zip\/b\/chats\.jsonl is damaged/);
    assert.match(refusedMember({ content: chat('a'), method: 12 }), /compressed with method 12 of zip/);
    assert.match(
      refused('a.docx', zipArchive({ '[Content_Types].xml': '<Types/>', 'word/document.xml': '<x/>' })),
      /^a\.docx is an office document; export it as CSV or text/,
    );
  });

  it('is refused if it is cut anywhere', () => {
    const whole = zipArchive({ 'a.jsonl': chat('a'), 'b.jsonl': chat('b') });
    for (let end = 4; end < whole.length; end += 7)
      assert.match(refused('a.zip', whole.subarray(0, end)), /a\.zip/);
  });

  it('that expands without end is refused before it fills the memory', () => {
    const bomb = Buffer.alloc(2 ** 26, ' ');
    assert.match(
      refusedMember({ content: bomb.toString('latin1') }),
      /expands to more than 200 times its size/,
    );
  });
});

describe('a compressed file', () => {
  /** Two lines, as the zstd program compresses them. */
  const zstd = Buffer.from('KLUv/SQwDQEAyHsidHVybnMiOiBbImEiLCAieWVzIl19CmICAMAQLDfHg0HXvQ==', 'base64');

  it('is read as what it holds', () => {
    assert.deepEqual(read('chats.jsonl.gz', gzipSync(chat('a'))).first, ['a']);
    assert.deepEqual(read('chats', gzipSync(chat('a'))).first, ['a']);
    // Two members, as `cat one.gz two.gz` makes them.
    assert.deepEqual(read('a.gz', Buffer.concat([gzipSync(chat('a')), gzipSync(chat('b'))])).first, [
      'a',
      'b',
    ]);
    assert.deepEqual(read('chats.jsonl.zst', zstd).first, ['a', 'b']);
  });

  it('is refused if it is cut short or damaged', () => {
    const whole = gzipSync(chat('a').repeat(1000));
    for (const end of [11, 40, whole.length - 9, whole.length - 1])
      assert.match(refused('a.gz', whole.subarray(0, end)), /is damaged or cut short: its gzip data/);
    const damaged = Buffer.from(whole);
    damaged[20] = (damaged[20] ?? 0) ^ 0xff;
    assert.match(refused('a.gz', damaged), /is damaged or cut short/);
  });

  it('that expands without end is refused', () => {
    assert.match(refused('a.gz', gzipSync(Buffer.alloc(2 ** 26, ' '))), /expands to more than 200 times/);
  });
});
