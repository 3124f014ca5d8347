// Parses JSON character by character, without recursion, to report where it is invalid and why. It also accepts NaN,
// Infinity and -Infinity, which Python writes, and reads them as null.

/** The deepest nesting of lists and objects. Conversations need less, and hostile files can be nested without limit. */
export const deepest = 100;

export class JsonError extends Error {
  /** @param atEnd true if the text is valid so far but incomplete. */
  constructor(
    readonly offset: number,
    what: string,
    readonly atEnd = false,
  ) {
    super(what);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the value at `start`.
 * @param levels how deep the value can be nested, less than `deepest` if it is part of another one.
 * @returns the value and the offset directly after it.
 * @throws JsonError for the first syntax error.
 */
export function readSlowly(
  text: string,
  start: number,
  levels = deepest,
): { readonly value: unknown; readonly end: number } {
  const notNumbers: Span[] = [];
  const end = endOfValue(text, start, levels, notNumbers);
  let json = '';
  let copied = start;
  for (const span of notNumbers) {
    json += `${text.slice(copied, span.start)}null`;
    copied = span.end;
  }
  return { value: JSON.parse(json + text.slice(copied, end)), end };
}

/** The first syntax error in the value at `start`, or undefined if it is valid. */
export function errorOf(text: string, start: number): JsonError | undefined {
  try {
    readSlowly(text, start);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof JsonError) return thrown;
    throw thrown;
  }
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Describes the character at `at` for a message. */
export function found(text: string, at: number): string {
  if (at >= text.length) return 'the end of the text';
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === '"') return 'a double quote';
  return /[\p{C}\p{Z}]/u.test(character)
    ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : `"${character}"`;
}

/** @param notNumbers receives the places of NaN, Infinity and -Infinity. */
function endOfValue(text: string, start: number, levels: number, notNumbers: Span[]): number {
  const open: ('{' | '[')[] = [];
  let at = start;
  for (;;) {
    const first = text[at];
    if (first === '{' || first === '[') {
      if (open.length >= levels) throw tooDeep(at);
      at = skipSpace(text, at + 1);
      if (text[at] === closing(first)) at++;
      else {
        open.push(first);
        if (first === '{') at = endOfKey(text, at);
        continue;
      }
    } else at = endOfScalar(text, at, notNumbers);
    // A value has just ended. Close the containers that end here, then continue with the next value or return.
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return at;
      at = skipSpace(text, at);
      const next = text[at];
      if (next === closing(container)) {
        open.pop();
        at++;
        continue;
      }
      if (next !== ',') throw unfinished(container, text, at);
      at = skipSpace(text, at + 1);
      if (container === '{') at = endOfKey(text, at);
      break;
    }
  }
}

export function tooDeep(at: number): JsonError {
  return new JsonError(at, `nested more than ${deepest} levels deep`);
}

function closing(container: '{' | '['): '}' | ']' {
  return container === '{' ? '}' : ']';
}

/** The error for what follows an element of `container`. */
export function unfinished(container: '{' | '[', text: string, at: number): JsonError {
  const what = `expected a comma or ${closing(container)}, found ${found(text, at)}`;
  return new JsonError(at, what, at >= text.length);
}

/** Skips a key and its colon. @returns the offset of the value. */
function endOfKey(text: string, at: number): number {
  if (text[at] !== '"')
    throw new JsonError(at, `expected a field name in double quotes, found ${found(text, at)}`);
  const colon = skipSpace(text, endOfString(text, at));
  if (text[colon] !== ':')
    throw new JsonError(colon, `expected a colon after a field name, found ${found(text, colon)}`);
  return skipSpace(text, colon + 1);
}

function endOfScalar(text: string, at: number, notNumbers: Span[]): number {
  if (text[at] === '"') return endOfString(text, at);
  let end = at;
  while (end < text.length && /[\w.+-]/.test(text[end] ?? '')) end++;
  const word = text.slice(at, end);
  if (/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(word)) return end;
  if (/^(?:NaN|-?Infinity)$/.test(word)) {
    notNumbers.push({ start: at, end });
    return end;
  }
  throw new JsonError(at, `expected a value, found ${word.length > 1 ? word.slice(0, 40) : found(text, at)}`);
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) {
      if (code === 0x0a || code === 0x0d) throw new JsonError(start, 'a string is not closed on its line');
      throw new JsonError(at, `${found(text, at)} inside a string must be written as an escape`);
    }
    if (code === 0x5c) {
      const escaped = /^(?:["\\/bfnrt]|u[\da-fA-F]{4})/.exec(text.slice(at + 1, at + 6));
      if (!escaped)
        throw new JsonError(at, 'a backslash does not begin a valid escape (write \\\\ for a backslash)');
      at += escaped[0].length;
    }
  }
  throw new JsonError(start, 'a string is not closed', true);
}
