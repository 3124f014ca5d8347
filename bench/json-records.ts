// Times reading a JSON file from disk record by record. Ours and the usual ways take turns in one process, and the best time of
// each counts: JSON.parse of the whole file, @streamparser/json for a list, and JSON.parse of each line for JSON lines. The
// file is made here: 200,000 dialogues with the fields of a chat transcript.
//
//     node dist/bench/json-records.js --layout list

import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { jsonDocuments } from '../src/corpus/readers/json-text.js';
import { diskSource } from '../src/corpus/source.js';
import { openText } from '../src/corpus/text-file.js';
import { Random } from '../src/random.js';
import { jsonPeer } from './situation.js';

export interface JsonRecordsResult {
  readonly megabytes: number;
  /** The best time of each way in seconds. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** The part of the peer that is used. It is no dependency, so its types are not there. */
interface StreamParser {
  readonly JSONParser: new (
    options: object,
  ) => { onValue: (found: object) => void; write(piece: Uint8Array): void };
}

const { values } = parseArgs({
  options: {
    layout: { type: 'string', default: 'list' },
    records: { type: 'string', default: '200000' },
    repetitions: { type: 'string', default: '5' },
  },
});
const count = Number(values.records);
const isList = values.layout === 'list';
const folder = mkdtempSync(join(tmpdir(), 'chatbot-bench-'));
const path = join(folder, isList ? 'records.json' : 'records.jsonl');
try {
  const dialogues = recordTexts(count);
  const text = isList ? `[${dialogues.join(',\n')}]\n` : `${dialogues.join('\n')}\n`;
  writeFileSync(path, text);
  console.log(JSON.stringify({ megabytes: Buffer.byteLength(text) / 1e6, seconds: await bestTimes() }));
} finally {
  rmSync(folder, { recursive: true });
}

async function bestTimes(): Promise<JsonRecordsResult['seconds']> {
  const ways: Record<string, () => number> = { ours, 'JSON.parse': isList ? parsedWhole : parsedLines };
  if (isList && existsSync(jsonPeer)) {
    const peer = (await import(pathToFileURL(jsonPeer).href)) as StreamParser;
    ways['@streamparser/json'] = () => streamed(peer);
  }
  const best: Record<string, number> = {};
  for (let repetition = 0; repetition < Number(values.repetitions); repetition++)
    for (const [name, read] of Object.entries(ways)) {
      const start = performance.now();
      if (read() !== count) throw new Error(`${name} lost records`);
      const seconds = (performance.now() - start) / 1000;
      best[name] = Math.min(best[name] ?? seconds, seconds);
    }
  return best;
}

function ours(): number {
  let found = 0;
  for (const record of jsonDocuments(openText(diskSource(path)))) if ('value' in record) found++;
  return found;
}

function parsedWhole(): number {
  return (JSON.parse(readFileSync(path, 'utf8')) as unknown[]).length;
}

function parsedLines(): number {
  let found = 0;
  for (const line of readFileSync(path, 'utf8').split('\n'))
    if (line !== '') if (JSON.parse(line) !== null) found++;
  return found;
}

function streamed({ JSONParser }: StreamParser): number {
  let found = 0;
  const parser = new JSONParser({ paths: ['$.*'], keepStack: false });
  parser.onValue = () => found++;
  const file = openSync(path, 'r');
  const piece = Buffer.alloc(2 ** 20);
  for (let length = readSync(file, piece); length > 0; length = readSync(file, piece))
    parser.write(piece.subarray(0, length));
  closeSync(file);
  return found;
}

function recordTexts(length: number): string[] {
  const random = new Random(1);
  const words =
    'the order is late and we would like to know when it comes please thank you very much for your help'.split(
      ' ',
    );
  const sentence = (size: number) =>
    Array.from({ length: size }, () => words[random.below(words.length)]).join(' ');
  return Array.from({ length }, (_, index) =>
    JSON.stringify({
      id: index,
      messages: [
        { role: 'user', content: sentence(12) },
        { role: 'assistant', content: `${sentence(10)}\n"${sentence(3)}"` },
        { role: 'user', content: sentence(6) },
        { role: 'assistant', content: sentence(14) },
      ],
    }),
  );
}
