// The text of a turn as the model learns it, whatever file or keyboard it came from.

/** Without white space around it, line ends as LF, lone surrogates as U+FFFD; no Unicode normalization, which would turn some
 * characters into others. */
export function tidyText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
}
