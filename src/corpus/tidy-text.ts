// Cleans the text of a turn. Training and chat both use it, so that the model sees the same text in both.

/**
 * Removes surrounding white space, turns line ends into LF, and replaces lone surrogates with U+FFFD. Does not apply
 * Unicode normalization, because that replaces some characters with others.
 */
export function tidyText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
}
