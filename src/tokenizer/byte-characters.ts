// GPT-2's files write tokens, which are byte strings, as printable text. Each printable Latin-1 byte maps to itself. The
// other 68 bytes map to characters from U+0100 on (space becomes `Ġ`, newline `Ċ`).
// In this folder, a "byte string" is a JavaScript string whose characters are bytes, U+0000 to U+00FF.

const characters: readonly string[] = (() => {
  let borrowed = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : borrowed++);
  });
})();

/** Converts a byte string to the characters that vocab.json and merges.txt use. */
export function byteCharacters(byteString: string): string {
  let text = '';
  for (let index = 0; index < byteString.length; index++) text += characters[byteString.charCodeAt(index)];
  return text;
}

const beyondAscii = /[\u0080-\uffff]/;

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function byteString(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
