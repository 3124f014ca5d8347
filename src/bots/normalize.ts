// The form in which questions are compared: two texts of the same normal form are the same question.

/**
 * Unicode NFKC (which makes full-width forms narrow), lower case, single spaces, no punctuation at the end.
 * @returns empty only for text without any letter, digit or symbol.
 */
export function normalize(text: string): string {
  return isSingleSpacedAscii(text) ? withoutEnd(text.toLowerCase()) : normalizeAny(text);
}

/** The definition, for all texts. */
export function normalizeAny(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/(?<![\p{Po}\s])[\p{Po}\s]+$/u, '');
}

/** Most questions are. NFKC and regular expressions change nothing of such texts but the end, and are slow. */
function isSingleSpacedAscii(text: string): boolean {
  let before = 0x20;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || (unit === 0x20 && before === 0x20)) return false;
    before = unit;
  }
  return true;
}

/** \p{Po} of ASCII, and the space. */
const endings = '!"#%&\'*,./:;?@\\ ';

function withoutEnd(text: string): string {
  let { length } = text;
  while (length > 0 && endings.includes(text.charAt(length - 1))) length--;
  return text.slice(0, length);
}
