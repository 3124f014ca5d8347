// JSON that a stranger wrote. JSON.parse itself survives any depth, but what goes through the value afterwards does not;
// and some 20 million empty lists fit into a file whose size looks harmless. So depth and number of lists and objects
// are counted in the text first. Knows nothing of files.

import { oneLine } from '../quote.js';

export interface JsonLimits {
  /** Levels of lists and objects. */
  readonly deepest?: number;
  /** Lists and objects altogether. */
  readonly mostContainers?: number;
}

const quote = 0x22;
const backslash = 0x5c;

/** The offset behind the string that begins at `start`; the end of the text where it does not end. */
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
 * @throws SyntaxError whose message is one line, without characters of the text that could command a terminal.
 */
export function parseJson(text: string, limits: JsonLimits = {}): unknown {
  refuseTooMuch(text, limits);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (thrown) {
    // Node quotes the text around the fault.
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new SyntaxError(oneLine(message), { cause: thrown });
  }
}
