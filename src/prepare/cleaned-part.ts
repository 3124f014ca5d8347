// What cleaning makes of a batch of dialogues, as bytes: a line of JSON with the counts and samples, the lines of the dialogues
// that are kept, and those of rejected.jsonl. Threads pass it on, and files keep it. A source is a sequence of such parts,
// and it does not matter where one ends and the next begins.

import { isRecord } from '../objects.js';
import type { Ledger, LedgerEntries } from './ledger.js';
import type { PreparedStore } from './prepared-store.js';

interface Head {
  readonly entries: LedgerEntries;
  /** How many bytes the lines of kept dialogues take. */
  readonly keptBytes: number;
}

/** @param kept lines of dialogues. @param ledger of this part alone. */
export function writtenPart(kept: readonly string[], ledger: Ledger): Uint8Array<ArrayBuffer> {
  const lines = Buffer.from(kept.map((line) => `${line}\n`).join(''));
  const head: Head = { entries: ledger.entries(), keptBytes: lines.length };
  const { rejected } = ledger;
  const headLine = Buffer.from(`${JSON.stringify(head)}\n`);
  // Not from the pool of small buffers, so that a thread can hand it over.
  const bytes = new Uint8Array(headLine.length + lines.length + rejected.length);
  bytes.set(headLine);
  bytes.set(lines, headLine.length);
  bytes.set(rejected.read(0, rejected.length), headLine.length + lines.length);
  return bytes;
}

/** Adds a part to what is known of the corpus. @throws Error unless `writtenPart` wrote the bytes. */
export function addPart(part: Uint8Array, kept: PreparedStore, ledger: Ledger): void {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  const start = bytes.indexOf(lineFeed) + 1;
  const head: unknown = JSON.parse(bytes.toString('utf8', 0, start));
  if (!isHead(head) || start + head.keptBytes > bytes.length) throw new Error('this is no part of a source');
  const end = start + head.keptBytes;
  kept.appendLines(bytes.subarray(start, end));
  ledger.add(head.entries, bytes.subarray(end));
}

const lineFeed = 10;

// The entries are taken as they are: a checksum guards what a file keeps.
function isHead(value: unknown): value is Head {
  return isRecord(value) && isRecord(value.entries) && Number.isSafeInteger(value.keptBytes);
}
