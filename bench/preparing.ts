// Times a whole preparation of generated chats of the size of the Cornell Movie-Dialogs: near-duplicates, redaction, unsafe words
// and a split. `--write` writes the chats, in a process of its own, so that making them counts neither as time nor as memory.
// Every tenth dialogue is said again, and every fiftieth turn holds a value of personal data.
//
//     node dist/bench/preparing.js --utterances 300000 --write /tmp/chats.jsonl
//     node dist/bench/preparing.js --data /tmp/chats.jsonl --out /tmp/corpus --threads 2

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { prepareCommand } from '../src/cli/data/prepare.js';
import { Random } from '../src/random.js';
import { peakMemoryBytes, threadsByDefault } from './measure.js';
import { personalLines } from './personal-lines.js';

export interface WrittenChats {
  readonly dialogues: number;
  readonly utterances: number;
}

export interface PreparingResult {
  readonly seconds: number;
  /** Of all threads, in the program and in the kernel. */
  readonly processorSeconds: number;
  readonly peakMemoryBytes: number;
}

const { values } = parseArgs({
  options: {
    utterances: { type: 'string', default: '300000' },
    write: { type: 'string' },
    data: { type: 'string' },
    out: { type: 'string' },
    threads: { type: 'string', default: String(threadsByDefault) },
  },
});
if (values.write !== undefined) console.log(JSON.stringify(written(values.write, Number(values.utterances))));
else if (values.data !== undefined && values.out !== undefined)
  console.log(JSON.stringify(await timed(values.data, values.out)));
else throw new Error('give --write, or --data and --out');

function written(path: string, utterances: number): WrittenChats {
  const random = new Random(1);
  const words = Array.from({ length: 3000 }, () => word(random));
  // The product of two numbers makes the first words the usual ones.
  const sentence = () =>
    Array.from(
      { length: 4 + random.below(13) },
      () => words[random.below(1 + random.below(words.length))],
    ).join(' ');
  const personal = personalLines(2500).flatMap(({ text, spans }) => (spans.length > 0 ? [text] : []));
  const chats: string[][] = [];
  let count = 0;
  while (count < utterances) {
    const repeated = chats.length % 10 === 9 ? chats[random.below(chats.length)] : undefined;
    const chat =
      repeated ??
      Array.from({ length: 2 + random.below(4) }, () =>
        random.below(50) === 0 ? (personal[random.below(personal.length)] ?? '') : sentence(),
      );
    chats.push(chat);
    count += chat.length;
  }
  const record = (chat: readonly string[]) => ({
    messages: chat.map((content, turn) => ({ role: turn % 2 === 0 ? 'user' : 'assistant', content })),
  });
  writeFileSync(path, chats.map((chat) => `${JSON.stringify(record(chat))}\n`).join(''));
  return { dialogues: chats.length, utterances: count };
}

function word(random: Random): string {
  return Array.from({ length: 2 + random.below(8) }, () => String.fromCharCode(97 + random.below(26))).join(
    '',
  );
}

async function timed(data: string, out: string): Promise<PreparingResult> {
  const given = {
    paths: [data],
    out,
    force: true,
    // A kept result of an earlier round is no preparation.
    reuse: false,
    threads: Number(values.threads),
    quiet: true,
    dedupe: 'near',
    redact: 'pii',
    dropUnsafe: true,
    evalRatio: 0.05,
  };
  const start = performance.now();
  await prepareCommand(
    new Map(Object.entries(given).map(([key, value]) => [key, { value, where: 'in the benchmark' }])),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage();
  return { seconds, processorSeconds: (user + system) / 1e6, peakMemoryBytes: peakMemoryBytes() };
}
