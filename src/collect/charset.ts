// The text of a page in its encoding: that of a byte order mark, else of the Content-Type header, else of a meta element,
// else UTF-8, or Windows-1252 if the page is not UTF-8 (HTML Standard, "Determining the character encoding").

import { isUtf8 } from 'node:buffer';

/** A meta element counts only near the beginning. */
const prescanned = 4096;

export function decodedPage(bytes: Buffer, contentType: string): string {
  const label =
    markOf(bytes) ?? labelIn(contentType) ?? metaLabel(bytes) ?? (isUtf8(bytes) ? 'utf-8' : 'windows-1252');
  const decoder = decoderFor(label) ?? decoderFor(isUtf8(bytes) ? 'utf-8' : 'windows-1252');
  return decoder?.(bytes) ?? '';
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

function decoderFor(label: string): ((bytes: Buffer) => string) | undefined {
  try {
    const decoder = new TextDecoder(label);
    if (decoder.encoding === 'windows-1252') return windows1252;
    return (bytes) => decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The characters of Windows-1252 for the bytes 0x80 to 0x9f, the only ones that differ from ISO-8859-1. */
const above7f = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Does not use TextDecoder, because some versions of Node decode Windows-1252 as ISO-8859-1. */
function windows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (control) => above7f[control.charCodeAt(0) - 0x80] ?? control);
}
