// Times answering from learned questions. `--learn FOLDER` makes a store there from generated pairs, with files for the peer.
// `--ask FOLDER` starts a bot with it, and asks noisy wordings of known questions. `--chat FOLDER` asks chatbot-chat, with a
// process for each question. Times are of the processor, not of the clock.
//
//     node dist/bench/retrieval.js --learn /tmp/bot --pairs 100000
//     node dist/bench/retrieval.js --ask /tmp/bot
//     node dist/bench/retrieval.js --chat /tmp/bot

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defaultAnswers } from '../src/bots/answer-settings.js';
import type { Question } from '../src/bots/bot.js';
import { RetrievalBot } from '../src/bots/retrieval/retrieval-bot.js';
import { openStore } from '../src/bots/store/open-store.js';
import { defaultSettings } from '../src/generate/settings.js';
import { readEnglishTable } from '../src/prepare/augment/synonyms/english-table.js';
import { Random } from '../src/random.js';
import { median, peakMemoryBytes } from './measure.js';

export interface LearnResult {
  readonly pairs: number;
  readonly learnSeconds: number;
}

export interface AskResult {
  readonly startSeconds: number;
  readonly megabytes: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly hiMs: number;
  /** The share of noisy questions with the right answer. */
  readonly right: number;
}

export interface ChatResult {
  /** Seconds of a process that answers one question. */
  readonly chatSeconds: number;
  /** Those of Node.js without a program. */
  readonly nodeSeconds: number;
}

interface Noisy {
  readonly question: string;
  readonly answer: string;
}

const noisyQuestions = 1000;
const warmUp = 200;
/** One answer takes too little for the clock of the processor, which takes time itself. */
const repeats = 20;
const processes = 7;

const { values } = parseArgs({
  options: {
    learn: { type: 'string' },
    ask: { type: 'string' },
    chat: { type: 'string' },
    pairs: { type: 'string', default: '100000' },
  },
});
if (values.learn !== undefined) console.log(JSON.stringify(await learn(values.learn, Number(values.pairs))));
if (values.ask !== undefined) console.log(JSON.stringify(await ask(values.ask)));
if (values.chat !== undefined) console.log(JSON.stringify(chat(values.chat)));

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function learn(folder: string, count: number): Promise<LearnResult> {
  mkdirSync(folder, { recursive: true });
  const random = new Random(1);
  const pairs = generated(count, random);
  const noisy = Array.from({ length: noisyQuestions }, () => {
    const { question, answer } = pairs[random.below(pairs.length)] ?? { question: '', answer: '' };
    return { question: withoutLetter(question, random), answer };
  });
  writeFileSync(join(folder, 'questions.json'), JSON.stringify(noisy));
  writeFileSync(join(folder, 'pairs.json'), JSON.stringify(pairs));
  const file = join(folder, 'bot.db');
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  const store = await openStore(file, { create: true });
  const before = cpuMilliseconds();
  await store.learn(
    pairs.map((pair, place) => ({ ...pair, previous: null, source: `faq.csv:${place + 1}` })),
  );
  const learnSeconds = (cpuMilliseconds() - before) / 1000;
  await store.close();
  return { pairs: count, learnSeconds };
}

async function ask(folder: string): Promise<AskResult> {
  const noisy: readonly Noisy[] = JSON.parse(readFileSync(join(folder, 'questions.json'), 'utf8'));
  const before = cpuMilliseconds();
  const store = await openStore(join(folder, 'bot.db'), { create: false });
  const bot = await RetrievalBot.open(store, defaultAnswers);
  const startSeconds = (cpuMilliseconds() - before) / 1000;
  // The first questions also cost the time in which V8 compiles.
  for (const { question } of noisy.slice(0, warmUp)) await timed(bot, question, 1);
  const times: number[] = [];
  let right = 0;
  for (const { question, answer } of noisy) {
    const { spent, said } = await timed(bot, question);
    times.push(spent);
    if (said === answer) right++;
  }
  times.sort((one, other) => one - other);
  const { spent: hiMs } = await timed(bot, 'hi', 2000);
  await store.close();
  return {
    startSeconds,
    megabytes: peakMemoryBytes() / 2 ** 20,
    medianMs: median(times),
    p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    hiMs,
    right: right / noisy.length,
  };
}

async function timed(
  bot: RetrievalBot,
  message: string,
  repeated = repeats,
): Promise<{ spent: number; said: string | null }> {
  const before = cpuMilliseconds();
  let said: string | null = null;
  for (let time = 0; time < repeated; time++) {
    const answer = await bot.answer(question(message), () => {});
    said = answer.kind === 'said' ? answer.text : null;
  }
  return { spent: (cpuMilliseconds() - before) / repeated, said };
}

function question(message: string): Question {
  return {
    ...{ turns: [message], user: null, conversation: null, timeZone: null, settings: defaultSettings },
    signal: new AbortController().signal,
  };
}

function chat(folder: string): ChatResult {
  const program = fileURLToPath(new URL('../src/cli/chat/main.js', import.meta.url));
  const question = [program, '--rules', join(folder, 'bot.db'), '--prompt', 'Where is my order?'];
  const all = Array.from({ length: processes }, () => [
    processSeconds(question),
    processSeconds(['-e', '0']),
  ]);
  return {
    chatSeconds: median(all.map(([seconds = Number.NaN]) => seconds)),
    nodeSeconds: median(all.map(([, seconds = Number.NaN]) => seconds)),
  };
}

/** The time of the processor that a Node.js takes, from its start to its end. */
function processSeconds(args: readonly string[]): number {
  const report = `process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    process._rawDebug('\\nmicroseconds ' + (user + system));
  });`;
  const hook = `data:text/javascript,${encodeURIComponent(report)}`;
  const { stderr } = spawnSync(process.execPath, ['--import', hook, ...args], { encoding: 'utf8' });
  return Number(/^microseconds (\d+)$/m.exec(stderr)?.[1] ?? Number.NaN) / 1e6;
}

/** Questions of a shop: few frames and many words, of which few are frequent. */
function generated(count: number, random: Random): Noisy[] {
  const { words } = readEnglishTable();
  const tagged = (tag: string) =>
    [...words].flatMap(([word, readings]) => (readings.some((one) => one.tag === tag) ? [word] : []));
  const [nouns, verbs, adjectives] = [tagged('n'), tagged('v'), tagged('a')];
  const from = (list: readonly string[]) =>
    list[Math.floor(list.length * (random.below(2 ** 20) / 2 ** 20) ** 2)] ?? '';
  const [noun, verb, adjective] = [nouns, verbs, adjectives].map((list) => () => from(list)) as [
    () => string,
    () => string,
    () => string,
  ];
  const frames = [
    () => `How do I ${verb()} the ${adjective()} ${noun()} with a ${noun()}?`,
    () => `Where can I find a ${adjective()} ${noun()} for my ${noun()}?`,
    () => `What does the ${noun()} of a ${adjective()} ${noun()} cost?`,
    () => `Can you ${verb()} my ${noun()} before the ${noun()} is ${adjective()}?`,
    () => `Why did the ${noun()} ${verb()} when I asked about the ${adjective()} ${noun()}?`,
  ];
  return Array.from({ length: count }, (_, place) => ({
    question: frames[random.below(frames.length)]?.() ?? '',
    answer: `That is answer ${place} about the ${noun()}.`,
  }));
}

function withoutLetter(text: string, random: Random): string {
  const place = random.below(text.length - 1);
  return text.slice(0, place) + text.slice(place + 1);
}
