// The alphabet of byte-level BPE: GPT-2's files write each of the 256 bytes as one printable character, so that
// tokens which are no valid UTF-8 can stand in JSON. A space is "Ġ" (U+0120), a newline "Ċ" (U+010A).

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

function symbolsOfBytes(): string[] {
  let unprintable = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isPrintable(byte) ? byte : 256 + unprintable++),
  );
}

/** The character of each byte: `bytes_to_unicode()` of OpenAI's encoder.py. */
export const byteSymbols: readonly string[] = symbolsOfBytes();

export function symbolsOf(bytes: Iterable<number>): string {
  let symbols = '';
  for (const byte of bytes) symbols += byteSymbols[byte] ?? '';
  return symbols;
}

/** White space as Unicode and transformers have it: JavaScript's \s has U+FEFF too, and lacks U+0085. */
const space = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Where GPT-2 cuts text before it merges bytes: contractions, words, numbers, signs, white space. */
export const pieces = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${space}\\p{L}\\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  'gu',
);

/** How many characters are surely not cut by `pieces`, where `hasLongPiece` looks. */
const window = 256;
const uniform = new RegExp(
  ['\\p{L}', '\\p{N}', `[^${space}\\p{L}\\p{N}]`, `[${space}]`].map((kind) => `${kind}{${window}}`).join('|'),
  'uy',
);

/**
 * Whether some piece of the text is long: surely where it has 3 * window UTF-16 units, surely not below `window`. Such
 * a piece has a whole window at one of the places looked at, so that most of the text is not.
 */
export function hasLongPiece(text: string): boolean {
  for (let start = 0; start + window <= text.length; start += window) {
    uniform.lastIndex = start;
    if (uniform.test(text)) return true;
  }
  return false;
}
