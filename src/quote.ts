// Text of unknown origin (file content, names, answers of servers) as it may appear in a message. Such text must neither
// command a terminal nor reorder or break the line it stands on.

/** Control characters, line and paragraph separators, and marks that reorder text. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A value in JSON notation, on one line and at most `longest` characters long, ellipsis included. Unsafe characters appear
 * as escapes (`\u202e`), so that a reader can see them.
 */
export function quoted(value: unknown, longest = 60): string {
  // Cut before it is escaped too: a hostile string may have millions of characters.
  const short = typeof value === 'string' ? cut(value, longest) : value;
  const json = typeof short === 'number' ? String(short) : (JSON.stringify(short) ?? String(short));
  const safe = json.replace(unsafe, escaped);
  return typeof value === 'string' ? safe : cut(safe, longest);
}

/** Text on one line of at most `longest` characters, ellipsis included; each run of unsafe characters becomes a space. */
export function oneLine(text: string, longest = 160): string {
  // White space may shrink: some more is kept before the line is measured.
  const start = text.length > 8 * longest ? text.slice(0, 8 * longest) : text;
  return cut(start.replace(runsOfUnsafe, ' ').trim(), longest);
}

/** Text without unsafe characters except tabs and line breaks, for printing replies. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** A message as one line of a terminal or a log, however long; what cannot be seen in it becomes a space. */
export function messageLine(text: string): string {
  return text.replace(runsOfUnsafe, ' ').trim();
}

/** JSON on one line that is safe to print: unsafe characters are escapes in it, which mean the same to a reader. */
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
