// The form in which questions are compared: two texts of the same normal form are the same question.

/**
 * Unicode NFKC (which makes full-width forms narrow), lower case, single spaces, no punctuation at the end.
 * @returns empty only for text without any letter, digit or symbol.
 */
export function normalize(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/(?<![\p{Po}\s])[\p{Po}\s]+$/u, '');
}
