// The text of a page in its encoding: that of a byte order mark, else of the Content-Type header, else of a meta element,
// else UTF-8, or Windows-1252 if the page is not UTF-8 (HTML Standard, "Determining the character encoding").

import { isUtf8 } from 'node:buffer';
import { decoder, encodings } from '../corpus/encoding.js';

/** A meta element counts only near the beginning. */
const prescanned = 4096;

export function decodedPage(bytes: Buffer, contentType: string): string {
  const label =
    markOf(bytes) ?? labelIn(contentType) ?? metaLabel(bytes) ?? (isUtf8(bytes) ? 'utf-8' : 'windows-1252');
  const decode = decoderFor(label) ?? decoderFor(isUtf8(bytes) ? 'utf-8' : 'windows-1252');
  return decode?.(bytes) ?? '';
}

function markOf(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 3).toString('latin1');
  if (start === '\xef\xbb\xbf') return 'utf-8';
  if (start.startsWith('\xff\xfe')) return 'utf-16le';
  return start.startsWith('\xfe\xff') ? 'utf-16be' : undefined;
}

function labelIn(text: string): string | undefined {
  return /charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(text)?.[1];
}

function metaLabel(bytes: Buffer): string | undefined {
  const start = bytes.toString('latin1', 0, prescanned);
  for (const [tag] of start.matchAll(/<meta\b[^>]*>/gi)) {
    const label = labelIn(tag);
    // A page that names UTF-16 in ASCII is in UTF-8.
    if (label !== undefined) return /^utf-?16/i.test(label) ? 'utf-8' : label;
  }
  return undefined;
}

/** The encodings of corpora are decoded as corpora are, with the same result on every version of Node. */
function decoderFor(label: string): ((bytes: Buffer) => string) | undefined {
  try {
    const system = new TextDecoder(label);
    const encoding = encodings.find((name) => name === system.encoding);
    if (encoding === undefined) return (bytes) => system.decode(bytes);
    return (bytes) => {
      const { write, end } = decoder(encoding);
      return write(bytes) + end();
    };
  } catch {
    return undefined;
  }
}
