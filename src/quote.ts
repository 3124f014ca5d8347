// Prepares text of unknown origin (file content, names, server responses) for messages. Such text must not control a
// terminal, reorder characters or break the line.

/** Control characters, line and paragraph separators, and marks that reorder text. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A value in JSON notation, on one line and at most `longest` characters long, including the ellipsis. Unsafe characters
 * become escapes (`\u202e`), so that a reader can see them.
 */
export function quoted(value: unknown, longest = 60): string {
  // Also cut before escaping: a hostile string may have millions of characters.
  const short = typeof value === 'string' ? cut(value, longest) : value;
  const json = typeof short === 'number' ? String(short) : (JSON.stringify(short) ?? String(short));
  const safe = json.replace(unsafe, escaped);
  return typeof value === 'string' ? safe : cut(safe, longest);
}

/** Text on one line of at most `longest` characters, including the ellipsis. Runs of unsafe characters become a space. */
export function oneLine(text: string, longest = 160): string {
  // White space may shrink, so the text is cut to more than `longest` first.
  const start = text.length > 8 * longest ? text.slice(0, 8 * longest) : text;
  return cut(start.replace(runsOfUnsafe, ' ').trim(), longest);
}

/** Text without unsafe characters except tabs and line breaks, for printing replies. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** A message of any length as one line of a terminal or log. Invisible characters become spaces. */
export function messageLine(text: string): string {
  return text.replace(runsOfUnsafe, ' ').trim();
}

/** JSON on one line that is safe to print: unsafe characters become escapes, which a JSON parser reads back unchanged. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, escaped);
}

const runsOfUnsafe = new RegExp(`${unsafe.source}+`, 'gu');

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const characters = [...text.slice(0, 2 * longest + 2)];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : text;
}
