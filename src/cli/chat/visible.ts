// Text from a model or a file, made safe to write to a terminal.

/** Characters that command a terminal or turn its text around; line breaks and tabs are not among them. */
const commanding = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text without what a person could not see: only line breaks, tabs and characters with a shape of their own. */
export function visible(text: string): string {
  return text.replace(commanding, '');
}
