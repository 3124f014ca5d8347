// The encodings of text files: decoding piece by piece, with the same result on every version of Node. Which encoding a file
// has is decided in detect-encoding.ts.

import { windows1252 } from './windows-1252.js';

/** As `--encoding` names them. */
export const encodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'gb18030',
  'big5',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'windows-1251',
  'koi8-r',
  'windows-1252',
] as const;

export type Encoding = (typeof encodings)[number];

/** For messages. */
export const encodingNames: Readonly<Record<Encoding, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16LE',
  'utf-16be': 'UTF-16BE',
  gb18030: 'GB18030',
  big5: 'Big5',
  shift_jis: 'Shift-JIS',
  'euc-jp': 'EUC-JP',
  'euc-kr': 'EUC-KR',
  'windows-1251': 'Windows-1251',
  'koi8-r': 'KOI8-R',
  'windows-1252': 'Windows-1252',
};

/** Decodes the pieces of one file. Bytes that are no character become U+FFFD. */
export interface Decoder {
  /** Without the byte order mark, and without an incomplete character at the end, which the next piece completes. */
  write(bytes: Buffer): string;
  /** What is left after the last piece: nothing, or U+FFFD for an incomplete character. */
  end(): string;
}

export function decoder(encoding: Encoding): Decoder {
  return withoutMark(decoderWithMark(encoding));
}

function decoderWithMark(encoding: Encoding): Decoder {
  if (encoding === 'utf-8') return utf8Decoder();
  if (encoding === 'windows-1252') return { write: fromWindows1252, end: () => '' };
  if (encoding === 'euc-kr') return koreanDecoder();
  const system = new TextDecoder(encoding, { ignoreBOM: true });
  return { write: (bytes) => system.decode(bytes, { stream: true }), end: () => system.decode() };
}

function withoutMark({ write, end }: Decoder): Decoder {
  let atStart = true;
  return {
    write(bytes) {
      const text = write(bytes);
      if (!atStart || text === '') return text;
      atStart = false;
      return text.startsWith('\ufeff') ? text.slice(1) : text;
    },
    end,
  };
}

/** A streaming TextDecoder would return strings with two bytes per character even where one byte would do. */
function utf8Decoder(): Decoder {
  let cut = Buffer.alloc(0);
  return {
    write(piece) {
      const bytes = cut.length > 0 ? Buffer.concat([cut, piece]) : piece;
      const whole = bytes.length - unfinishedUtf8(bytes);
      cut = Buffer.from(bytes.subarray(whole));
      return bytes.toString('utf8', 0, whole);
    },
    end: () => cut.toString('utf8'),
  };
}

/** The number of bytes at the end that belong to an incomplete UTF-8 character. */
export function unfinishedUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** Does not use TextDecoder, because some versions of Node decode Windows-1252 as ISO-8859-1. */
function fromWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (control) => windows1252[control.charCodeAt(0) - 0x80] ?? control);
}

const replacement = 0xfffd;

/** Node's EUC-KR lacks the syllables that Windows added (code page 949), so only its common part is taken from Node. */
function koreanDecoder(): Decoder {
  const table = koreanTable();
  let lead = 0;
  return {
    write(bytes) {
      const text = new Uint16Array(bytes.length + 1);
      let length = 0;
      for (const byte of bytes) {
        if (lead === 0) {
          if (byte > 0x80 && byte < 0xff) lead = byte;
          else text[length++] = byte < 0x80 ? byte : replacement;
          continue;
        }
        const character = table[lead * 256 + byte] ?? 0;
        lead = 0;
        if (character > 0) text[length++] = character;
        else {
          text[length++] = replacement;
          // A letter after a stray byte is probably itself.
          if (byte < 0x80) text[length++] = byte;
        }
      }
      return Buffer.from(text.buffer, 0, 2 * length).toString('utf16le');
    },
    end: () => (lead > 0 ? '\ufffd' : ''),
  };
}

let koreanCharacters: Uint16Array | undefined;

/** The character of each pair of bytes; 0 if there is none. */
function koreanTable(): Uint16Array {
  if (koreanCharacters) return koreanCharacters;
  const table = new Uint16Array(2 ** 16);
  const syllables = new Set(Array.from({ length: 11172 }, (_, index) => 0xac00 + index));
  const common = new TextDecoder('euc-kr');
  for (let lead = 0xa1; lead <= 0xfe; lead++) {
    const trails = Array.from({ length: 94 }, (_, index) => 0xa1 + index);
    const lines = common.decode(Uint8Array.from(trails.flatMap((trail) => [lead, trail, 0x0a]))).split('\n');
    for (const [index, trail] of trails.entries()) {
      const character = lines[index] ?? '';
      if (character.length !== 1 || character === '\ufffd') continue;
      table[lead * 256 + trail] = character.charCodeAt(0);
      syllables.delete(character.charCodeAt(0));
    }
  }
  // The other syllables have the pairs that are left, both in ascending order.
  const others = syllables.values();
  for (let lead = 0x81; lead <= 0xc6; lead++)
    for (let trail = 0x41; trail <= (lead <= 0xa0 ? 0xfe : 0xa0); trail++) {
      if ((trail > 0x5a && trail < 0x61) || (trail > 0x7a && trail < 0x81)) continue;
      table[lead * 256 + trail] = others.next().value ?? 0;
    }
  koreanCharacters = table;
  return table;
}
