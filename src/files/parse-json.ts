// Parses JSON from untrusted sources. JSON.parse handles any depth, but code that walks the value afterwards does not, and a
// file of harmless size can contain some 20 million empty lists. So the depth and the number of lists and objects are
// counted in the text first. It does not know files.

import { oneLine } from '../quote.js';

export interface JsonLimits {
  /** The most levels of nested lists and objects. */
  readonly deepest?: number;
  /** The most lists and objects in total. */
  readonly mostContainers?: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** The offset after the string that begins at `start`; the end of the text when the string does not end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

function refuseTooMuch(text: string, { deepest = 64, mostContainers = 2 ** 22 }: JsonLimits): void {
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at) - 1;
    // { and [ differ in one bit, and so do } and ].
    else if ((code | 0x20) === 0x7b) {
      containers++;
      if (++depth > deepest) throw new SyntaxError(`it is nested more than ${deepest} levels deep`);
    } else if ((code | 0x20) === 0x7d) depth--;
  }
  if (containers > mostContainers)
    throw new SyntaxError(`it has ${containers} lists and objects, more than any such file needs`);
}

/**
 * @throws SyntaxError with a one-line message without control characters.
 */
export function parseJson(text: string, limits: JsonLimits = {}): unknown {
  refuseTooMuch(text, limits);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (thrown) {
    // Node quotes the text around the error.
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SyntaxError(oneLine(message), { cause: thrown });
  }
}
