// Times the service's engine against a chat with one person: tokens per second, and the time to the first token, with several
// users who talk at once. A model of DialoGPT's shape with fresh weights, in a folder of its own, is opened as the product opens
// it. Every user sends conversations of a few messages, each as soon as the last reply is complete; replies have a fixed length.
//
//     node dist/bench/engine.js --threads 2 --users 1,4,16 --seconds 20

import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { openChatModel } from '../src/generate/chat-model.js';
import type { Speaker } from '../src/generate/conversation.js';
import type { Reply, ReplyWatcher } from '../src/generate/reply.js';
import { defaultSettings } from '../src/generate/settings.js';
import { expectedTensors, presetConfig } from '../src/nn/gpt2-config.js';
import { Random } from '../src/random.js';
import { defaultEngineOptions, ModelEngine } from '../src/serve/engine/model-engine.js';
import { ServedModel } from '../src/serve/engine/served-model.js';
import { gpt2Tokenizer } from '../src/tokenizer/gpt2-tokenizer.js';
import { saveModelFolder } from '../src/weights/model-folder.js';
import { median, threadsByDefault, weightPrecisionOf } from './measure.js';

export interface EngineResult {
  readonly users: number;
  /** `chat`: replies one after the other, as chatbot-chat makes them. */
  readonly by: 'chat' | 'engine';
  /** After every user has had a reply. */
  readonly tokensPerSecond: number;
  /** Of processor time, which other programs on the machine disturb less. */
  readonly tokensPerProcessorSecond: number;
  readonly secondsToFirstToken: { readonly median: number; readonly worst: number };
  readonly replies: number;
  /** The memory of the process, in MB, when every user has had a reply, and at the end. */
  readonly memory: { readonly first: number; readonly last: number };
}

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: String(threadsByDefault) },
    model: { type: 'string', default: 'small' },
    weights: { type: 'string', default: 'fp32' },
    users: { type: 'string', default: '1,4,16' },
    /** Of each measurement, after every user has had a reply. */
    seconds: { type: 'string', default: '20' },
    /** New tokens of a reply. */
    tokens: { type: 'string', default: '30' },
    slots: { type: 'string' },
  },
});
const [threads, tokens] = [Number(values.threads), Number(values.tokens)];
const precision = weightPrecisionOf(values.weights);
const settings = { ...defaultSettings, minNewTokens: tokens, maxNewTokens: tokens };
const words = ['hello', 'where', 'the', 'weather', 'really', 'tomorrow', 'music', 'think', 'about', 'coffee'];

const folder = mkdtempSync(join(tmpdir(), 'bench-engine-'));
try {
  writeModel(join(folder, 'model'));
  const alone = await ofChat(join(folder, 'model'));
  print(alone);
  for (const users of values.users.split(',').map(Number)) {
    const result = await ofEngine(join(folder, 'model'), users);
    print(result);
    const times = (key: 'tokensPerSecond' | 'tokensPerProcessorSecond') =>
      (result[key] / alone[key]).toFixed(2);
    console.log(
      `${times('tokensPerSecond')} times one user's chat, ${times('tokensPerProcessorSecond')} in processor time`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

function print(result: EngineResult): void {
  console.log(JSON.stringify(result));
}

async function ofChat(name: string): Promise<EngineResult> {
  const device = createCpuDevice({ threads });
  const model = await openChatModel(name, { device, weights: precision, sequences: 1, mmi: null });
  const result = await measured('chat', 1, () => model);
  device.dispose();
  return result;
}

async function ofEngine(name: string, users: number): Promise<EngineResult> {
  const engine = new ModelEngine(name, {
    ...defaultEngineOptions,
    ...{ device: 'cpu', precision, threads, slots: values.slots ? Number(values.slots) : null },
    ...{ maxQueue: 10_000, queueTimeout: 6_000_000, requestTimeout: 6_000_000 },
    onNote: (text) => console.error(text),
  });
  await engine.ready();
  const result = await measured('engine', users, (user) => new ServedModel(engine, `user ${user}`));
  await engine.close();
  return result;
}

async function measured(
  by: EngineResult['by'],
  users: number,
  speakerOf: (user: number) => Speaker,
): Promise<EngineResult> {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const replies: Reply[] = [];
  let [answered, pieces] = [0, 0];
  const watcher = {
    text: () => {
      pieces++;
    },
    shouldStop: () => stopping.signal.aborted,
    signal: stopping.signal,
  };
  const talking = Promise.all(
    Array.from({ length: users }, (_, user) =>
      talk(user, speakerOf(user), watcher, (reply, number) => {
        replies.push(reply);
        answered += Number(number === 0);
      }),
    ),
  );
  while (answered < users) await setTimeout(20);
  const [began, before, known] = [performance.now(), pieces, replies.length];
  const [first, used] = [megabytes(), process.cpuUsage()];
  await setTimeout(1000 * Number(values.seconds));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  const counted = replies.slice(known).map(({ secondsToFirstToken }) => secondsToFirstToken);
  const result = {
    ...{ users, by, replies: counted.length, tokensPerSecond: (pieces - before) / seconds },
    tokensPerProcessorSecond: (1e6 * (pieces - before)) / (user + system),
    secondsToFirstToken: { median: median(counted), worst: Math.max(0, ...counted) },
    memory: { first, last: megabytes() },
  };
  stopping.abort();
  await talking;
  return result;
}

function megabytes(): number {
  return Math.round(process.memoryUsage().rss / 2 ** 20);
}

/** Conversations of one user, one after the other. */
async function talk(
  user: number,
  speaker: Speaker,
  watcher: ReplyWatcher,
  done: (reply: Reply, number: number) => void,
): Promise<void> {
  const random = new Random(user);
  let turns: string[] = [];
  for (let number = 0; !watcher.shouldStop(); number++) {
    if (turns.length > 8) turns = [];
    const message = Array.from({ length: 4 + random.below(12) }, () => words[random.below(words.length)]);
    turns.push(message.join(' '));
    const reply = await speaker.reply(turns, { ...settings, seed: number }, watcher, 1);
    if (reply.finishReason === 'interrupted') return;
    done(reply, number);
    turns.push(reply.text);
  }
}

/** Matrices repeat one block of random numbers, as those of weights.ts. */
function writeModel(to: string): void {
  const tokenizer = gpt2Tokenizer();
  const config = presetConfig(values.model, tokenizer.vocabularySize);
  const random = new Random(1);
  const block = Float32Array.from({ length: 65_521 }, () => 0.035 * (random.next() / 2 ** 31 - 1));
  const tensors = expectedTensors(config).map(({ name, shape }) => ({
    name,
    shape,
    data: () => {
      const numbers = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      if (shape.length === 1) return numbers.fill(name.endsWith('.weight') ? 1 : 0);
      for (let from = 0; from < numbers.length; from += block.length)
        numbers.set(block.subarray(0, Math.min(block.length, numbers.length - from)), from);
      return numbers;
    },
  }));
  mkdirSync(to);
  saveModelFolder(to, {
    config,
    tensors,
    tokenizerFiles: tokenizer.files(),
    endOfText: tokenizer.endOfText,
  });
}
