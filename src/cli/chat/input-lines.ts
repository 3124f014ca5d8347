// Lines of text from an unchecked stream of bytes. What is not text is refused with its line number, and no more than one
// line is held in memory.

import { messageOf, UserError } from '../../errors.js';

export interface InputLine {
  /** Without its line break. */
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** More than any model's context holds. */
const mostBytes = 2 ** 20;

const lineFeed = 0x0a;

/**
 * The lines as they arrive; the last one need not end in a line break.
 * @throws UserError: data for bytes that are not UTF-8 text or cannot be read, usage for a line of more than a megabyte.
 */
export async function* inputLines(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<InputLine> {
  let parts: Uint8Array[] = [];
  let held = 0;
  let number = 1;
  const keep = (part: Uint8Array) => {
    held += part.length;
    if (held > mostBytes)
      throw new UserError(
        'message-too-long',
        `line ${number} of the input is longer than a megabyte, more than any model can read; end each message with a line break`,
      );
    if (part.length > 0) parts.push(part);
  };
  const line = (): InputLine => {
    const read = { text: decoded(Buffer.concat(parts), number), number };
    parts = [];
    held = 0;
    number++;
    return read;
  };
  for await (const chunk of readable(input)) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (held > 0) yield line();
}

async function* readable(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (thrown) {
    throw new UserError(
      'input-unreadable',
      `the input cannot be read: ${messageOf(thrown)}; give lines of text`,
      {
        cause: thrown,
      },
    );
  }
}

function decoded(bytes: Uint8Array, number: number): string {
  let text: string;
  try {
    // TextDecoder drops a byte order mark.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new UserError(
      'input-unreadable',
      `line ${number} of the input is not UTF-8; convert it, for example with iconv -t utf-8`,
      { cause: thrown },
    );
  }
  if (text.includes('\0'))
    throw new UserError(
      'input-unreadable',
      `line ${number} of the input contains a NUL character; give lines of text`,
    );
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
