import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encoded, smallTalk } from '../../test/languages.js';
import { detectEncoding } from './detect-encoding.js';
import { decoder, type Encoding, encodings } from './encoding.js';

function decoded(bytes: Buffer, encoding: Encoding, length = bytes.length): string {
  const { write, end } = decoder(encoding);
  let text = '';
  for (let at = 0; at < bytes.length; at += length) text += write(bytes.subarray(at, at + length));
  return text + end();
}

/** The bytes are those of Python's codecs. */
const references: readonly (readonly [Encoding, bytes: string, text: string])[] = [
  ['utf-8', 'efbbbf7ac3a9f09f9880', 'zé😀'],
  ['utf-16le', 'fffe604f7d593dd800de', '你好😀'],
  ['utf-16be', 'feff4f60597dd83dde00', '你好😀'],
  ['gb18030', 'c4e3bac3a3accac0bde7', '你好，世界'],
  ['gb18030', '843195338139ee399439fc36', '㐀😀'],
  ['big5', 'bdd0b0dd', '請問'],
  ['shift_jis', '82b182f182c982bf82cd8141b1b28740', 'こんにちは、ｱｲ①'],
  ['euc-jp', 'baa3c6fca4cf', '今日は'],
  ['euc-kr', 'bec8b3e72094ee8c63', '안녕 뷁똠'],
  ['windows-1251', 'cff0e8e2e5f22c20a8e6', 'Привет, Ёж'],
  ['koi8-r', 'f0d2c9d7c5d4', 'Привет'],
  ['windows-1252', '936e61ef766594209620332080', '“naïve” – 3 €'],
];

/** Every encoding that a language of the small talk is written in. */
const written: readonly (readonly [keyof typeof smallTalk, readonly Encoding[]])[] = [
  ['simplified', ['gb18030', 'utf-16le', 'utf-16be', 'utf-8']],
  ['traditional', ['big5', 'gb18030', 'utf-16le', 'utf-16be', 'utf-8']],
  ['japanese', ['shift_jis', 'euc-jp', 'utf-16le', 'utf-16be', 'utf-8']],
  ['korean', ['euc-kr', 'utf-16le', 'utf-16be', 'utf-8']],
  ['russian', ['windows-1251', 'koi8-r', 'utf-16le', 'utf-16be', 'utf-8']],
  ['western', ['windows-1252', 'utf-16le', 'utf-16be', 'utf-8']],
];

function* everyText(): Generator<{ lines: readonly string[]; encoding: Encoding; name: string }> {
  for (const [language, inEncodings] of written)
    for (const encoding of inEncodings)
      yield { lines: smallTalk[language], encoding, name: `${language} in ${encoding}` };
}

describe('decoder', () => {
  it('reads every encoding as others write it, however the bytes are cut, without the byte order mark', () => {
    for (const [encoding, hex, text] of references)
      for (const length of [1, 2, 3, 100])
        assert.equal(decoded(Buffer.from(hex, 'hex'), encoding, length), text, encoding);
    const tested = new Set(references.map(([encoding]) => encoding));
    assert.deepEqual(
      encodings.filter((encoding) => !tested.has(encoding)),
      [],
    );
  });

  it('gives whole characters', () => {
    for (const { lines, encoding, name } of everyText()) {
      const [text = ''] = lines;
      const { write, end } = decoder(encoding);
      const pieces = [...encoded(text, encoding)].map((byte) => write(Buffer.of(byte)));
      assert.equal(pieces.join('') + end(), text, name);
      assert.ok(
        pieces.every((piece) => !piece.includes('\ufffd') && !/\p{Cs}/u.test(piece)),
        name,
      );
    }
  });

  it('marks what is no character', () => {
    assert.equal(decoded(Buffer.from('c4', 'hex'), 'gb18030'), '\ufffd');
    assert.equal(decoded(Buffer.from('41ff42', 'hex'), 'gb18030'), 'A\ufffdB');
    assert.equal(decoded(Buffer.from('c320bec8c3', 'hex'), 'euc-kr'), '\ufffd 안\ufffd');
    assert.equal(decoded(Buffer.from('3dd80000', 'hex'), 'utf-16le'), '\ufffd\0');
    assert.equal(decoded(Buffer.from('41e4bd', 'hex'), 'utf-8'), 'A\ufffd');
  });
});

describe('detectEncoding', () => {
  it('recognizes every encoding in 60 bytes and more, wherever the text begins', () => {
    for (const { lines, encoding, name } of everyText())
      for (const length of [60, 200, 2000])
        for (let start = 0; start < lines.length; start += 1 + length / 300) {
          let text = '';
          for (let line = start; text.length < length; line++)
            text += `${lines[Math.floor(line) % lines.length]}\n`;
          assert.equal(
            detectEncoding(encoded(text, encoding).subarray(0, length)),
            encoding,
            `${name}: ${text}`,
          );
        }
  });

  it('recognizes every encoding in a large file of JSON lines', () => {
    for (const { lines, encoding, name } of everyText()) {
      const records = lines.map((text, index) => JSON.stringify({ text, response: lines.at(-index) }));
      const bytes = encoded(records.join('\n'), encoding);
      const many = Buffer.concat(Array.from({ length: Math.ceil(2 ** 16 / bytes.length) }, () => bytes));
      assert.equal(detectEncoding(many.subarray(0, 2 ** 16)), encoding, name);
    }
  });

  it('recognizes byte order marks', () => {
    for (const [encoding, mark] of [
      ['utf-8', 'efbbbf'],
      ['utf-16le', 'fffe'],
      ['utf-16be', 'feff'],
      ['gb18030', '84319533'],
    ] as const)
      assert.equal(detectEncoding(Buffer.from(`${mark}4100`, 'hex')), encoding);
  });

  it('does not take a few accents for letters of another script', () => {
    for (const text of [
      'zurück',
      'Méthodes',
      '¡Gracias!',
      '“Hi,” she said.',
      'für 3 €',
      'à',
      'tyttö',
      'Ça va?',
    ])
      assert.equal(detectEncoding(encoded(text, 'windows-1252')), 'windows-1252', text);
  });

  it('gives nothing for damaged UTF-8, for binary files and for alphabets that it does not know', () => {
    const damaged = Buffer.from('你好。 Grüße. 😀');
    damaged[1] = 0x20;
    assert.equal(detectEncoding(damaged), null);
    assert.equal(detectEncoding(Buffer.from('00010203fffe0010a0b0000100', 'hex')), null);
    const greek = 'cae1ebe7ecddf1e12c20f4e920eadcede5f4e520f3deece5f1e13b20c8ddebf920ede120f0dcf9';
    const hebrew = 'f9ece5ed2c20eee420f9ece5eeea3f20e4ebec20e8e5e12c20fae5e3e420f8e1e4';
    for (const hex of [greek, hebrew]) assert.equal(detectEncoding(Buffer.from(hex, 'hex')), null);
  });
});
