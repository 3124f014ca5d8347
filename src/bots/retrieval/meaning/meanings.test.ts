// Questions that are found by their meaning: kept vectors, scores, and a bot whose embedder fails.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { describeBot, questionOf } from '../../../../test/bots/describe-bot.js';
import { answers, EmbeddingServer, fails, vectorOf } from '../../../../test/bots/embedding-server.js';
import type { Clock } from '../../../collect/openai-service.js';
import { defaultAnswers } from '../../answer-settings.js';
import { MemoryStore } from '../../store/memory-store.js';
import { RetrievalBot } from '../retrieval-bot.js';
import { type Embedder, ofLengthOne } from './embedder.js';
import { endpointEmbedder } from './endpoint-embedder.js';
import { KeptVectors, vectorKey } from './kept-vectors.js';
import type { MeaningSettings } from './meanings.js';
import { VectorTable } from './vector-table.js';

const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}`);

describe('kept vectors', () => {
  const vector = (...values: number[]) => Float32Array.from(values);
  const readAll = (kept: KeptVectors) => {
    const found = new Map<string, number[]>();
    kept.read((key, one) => found.set(key, [...one]));
    return found;
  };

  it('are read as they were written, by several at once, and are private', () => {
    const path = newPath();
    const one = new KeptVectors(path, 'model');
    assert.equal(readAll(one).size, 0);
    one.append([]);
    one.append([[vectorKey('a'), vector(1, 0.5)]]);
    new KeptVectors(path, 'model').append([
      [vectorKey('b'), vector(0, -1)],
      [vectorKey('c'), vector(2, 3)],
    ]);
    assert.deepEqual(
      [...readAll(one)],
      [
        [vectorKey('a'), [1, 0.5]],
        [vectorKey('b'), [0, -1]],
        [vectorKey('c'), [2, 3]],
      ],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('of another embedder, and what is damaged, are forgotten, and others are written after it', () => {
    const path = newPath();
    const kept = new KeptVectors(path, 'model');
    const entries = ['a', 'b', 'c'].map((text) => [vectorKey(text), vector(1, 2)] as const);
    kept.append(entries);
    const whole = readFileSync(path);
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (end, at, bits) => {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ bits;
          writeFileSync(path, bytes);
          truncateSync(path, Math.max(end, at + 1));
          for (const key of readAll(kept).keys()) assert.ok(entries.some(([known]) => known === key));
          kept.append([[vectorKey('d'), vector(5, 6)]]);
          assert.deepEqual(readAll(kept).get(vectorKey('d')), [5, 6]);
        },
      ),
      { seed: 15, numRuns: 40 },
    );
    assert.equal(readAll(new KeptVectors(path, 'other model')).size, 0);
    appendFileSync(path, 'x');
    assert.equal(readAll(kept).size, 0);
  });
});

it('finds the nearest vectors as a sort of all cosines does', () => {
  const random = fc.sample(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 7, maxLength: 7 }), {
    seed: 15,
    numRuns: 1100,
  });
  const vectors = random.flatMap((values) => ofLengthOne(values) ?? []);
  const table = new VectorTable(7);
  for (const [index, vector] of vectors.entries()) table.add(2 * index, vector);
  const [asked = new Float32Array(7)] = vectors;
  const isKnown = (question: number) => question % 3 !== 0;
  const cosines = vectors
    .map((_, index) => ({ question: 2 * index, cosine: table.cosine(2 * index, asked) ?? 9 }))
    .filter(({ question }) => isKnown(question))
    .sort((one, other) => other.cosine - one.cosine || one.question - other.question);
  assert.deepEqual(table.nearest(asked, 20, isKnown), cosines.slice(0, 20));
  assert.equal(table.cosine(1, asked), null);
});

const server = new EmbeddingServer();
before(() => server.start());
after(() => server.stop());
beforeEach(() => {
  server.plans = [];
  server.requests = [];
  server.always = answers();
});

/** Time stands still, and nothing is late, unless a test says so. */
function still(): Clock & { time: number; isLate: boolean } {
  const clock = {
    time: 0,
    isLate: false,
    wait: async () => {},
    now: () => clock.time,
    deadline: (_: number, late: () => void) => {
      if (clock.isLate) setImmediate(late);
      return () => {};
    },
  };
  return clock;
}

function service(): Embedder {
  const limits = { retrySeconds: [] };
  return endpointEmbedder({ url: server.url, model: 'm', key: null, fetch, clock: still(), limits });
}

const shop = [
  ['Do you deliver on Sundays?', 'No, only on weekdays.'],
  ['Where is my order?', 'Look into your account.'],
  ['Do you have 3 rooms?', 'Yes, three.'],
  ['How do I get a refund?', 'Write to us.'],
  ['I need a car', 'We have cars.'],
].map(([question = '', answer = '']) => ({ question, answer, previous: null, source: 'faq.csv:1' }));

async function botOf(more: Partial<MeaningSettings> = {}, pairs = shop) {
  const store = new MemoryStore();
  await store.learn(pairs);
  const meaning = { embedder: service(), kept: null, clock: still(), ...more };
  const bot = await RetrievalBot.open(store, defaultAnswers, { meaning });
  const ask = async (text: string) => {
    const given = await bot.answer(questionOf([text]), () => {});
    return { said: given.kind === 'said' ? given.text : null, why: given.why, given };
  };
  return { store, bot, ask };
}

describe('a bot with an embedder', () => {
  it('answers what is asked in other words', async () => {
    const { bot, ask } = await botOf();
    await bot.meanings?.fill();
    const { said, why, given } = await ask('can i get my parcel at the weekend');
    assert.equal(said, 'No, only on weekdays.');
    assert.match(why, /^it means the same as "Do you deliver on Sundays\?" \((0\.[789]\d|1\.00)\)$/);
    assert.ok(given.near.length > 0);
    assert.equal((await ask('find purchase')).said, 'Look into your account.');
    assert.equal((await ask('tell me a joke')).said, null);
    await bot.close();
  });

  it('does not ask it for what the words make certain', async () => {
    const { bot, ask } = await botOf();
    await bot.meanings?.fill();
    const before = server.requests.length;
    assert.equal((await ask('where is my order')).said, 'Look into your account.');
    assert.equal((await ask('wher is my order')).said, 'Look into your account.');
    assert.equal(server.requests.length, before);
    await bot.close();
  });

  it('takes other numbers, and one word in the place of another, for another question', async () => {
    const { bot, ask } = await botOf();
    await bot.meanings?.fill();
    assert.equal((await ask('are there 4 rooms')).said, null);
    assert.equal((await ask('I need a job')).said, null);
    await bot.close();
  });

  it('makes each vector once, and keeps it', async () => {
    const path = newPath();
    const sent = () => server.requests.flatMap(({ texts }) => texts);
    const first = await botOf({ kept: new KeptVectors(path, 'model') });
    await first.bot.meanings?.fill();
    await first.bot.close();
    assert.equal(new Set(sent()).size, sent().length);
    assert.ok(sent().includes('do you deliver on sundays'));
    server.requests = [];
    const again = await botOf({ kept: new KeptVectors(path, 'model') });
    await again.bot.meanings?.fill();
    assert.deepEqual(sent(), []);
    await again.store.learn([{ question: 'Is there a lift?', answer: 'Yes.', previous: null, source: 'a' }]);
    const more = await RetrievalBot.open(again.store, defaultAnswers, {
      meaning: { embedder: service(), kept: new KeptVectors(path, 'model'), clock: still() },
    });
    await more.meanings?.fill();
    assert.deepEqual(sent(), ['is there a lift']);
    assert.deepEqual(more.meaningState, {
      ...{ embedder: `${server.url.href} (m)`, vectors: 6, missing: 0, asked: 0, failed: 0 },
      ...{ trouble: null, notKept: null },
    });
    await again.bot.close();
    await more.close();
  });

  it('asks for vectors that cannot be kept, and says so', async () => {
    const { bot, ask } = await botOf({ kept: new KeptVectors(join(folder, 'no', '\0'), 'model') });
    await bot.meanings?.fill().catch(() => {});
    assert.equal((await ask('where is my order')).said, 'Look into your account.');
    await bot.close();
  });
});

describe('a bot whose embedder fails', () => {
  const other = 'can i get my parcel at the weekend';

  it('answers by words, says why, and asks again after a while', async () => {
    const clock = still();
    const { bot, ask } = await botOf({ clock });
    await bot.meanings?.fill();
    server.always = fails(401, 'no');
    const { said, why } = await ask(other);
    assert.equal(said, null);
    assert.match(why, /; it was looked for by its words only, because .*status 401/);
    assert.equal((await ask('where my order')).said, 'Look into your account.');
    const before = server.requests.length;
    server.always = answers();
    assert.match((await ask(other)).why, /status 401/);
    assert.equal(server.requests.length, before);
    clock.time += 10_001;
    assert.equal((await ask(other)).said, 'No, only on weekdays.');
    const { asked, failed, trouble } = bot.meaningState ?? {};
    assert.ok((asked ?? 0) > (failed ?? 0) && (failed ?? 0) >= 2);
    assert.match(trouble ?? '', /status 401/);
    await bot.close();
  });

  it('does not wait longer than its patience', async () => {
    const clock = still();
    const { bot, ask } = await botOf({ clock });
    await bot.meanings?.fill();
    server.always = () => {};
    clock.isLate = true;
    assert.match((await ask(other)).why, /gave no vector within 3 s/);
    await bot.close();
  });

  it('works from the start without it, and gets the vectors later', async () => {
    server.always = fails(404, 'no');
    const clock = still();
    const { bot, store, ask } = await botOf({ clock });
    await assert.rejects(async () => bot.meanings?.fill(), /status 404/);
    assert.equal((await ask('where is my order')).said, 'Look into your account.');
    assert.equal(bot.meaningState?.missing, 5);
    server.always = answers();
    clock.time += 20_000;
    await store.learn([]);
    bot.meanings?.fillBeside(false);
    await bot.meanings?.fill();
    assert.equal((await ask(other)).said, 'No, only on weekdays.');
    await bot.close();
  });

  it('refuses vectors of another width than the kept ones', async () => {
    const path = newPath();
    const first = await botOf({ kept: new KeptVectors(path, 'model') });
    await first.bot.meanings?.fill();
    await first.bot.close();
    const narrow: Embedder = {
      ...{ name: 'narrow', identity: 'model', close: async () => {} },
      embed: async (texts) => texts.map(() => Float32Array.of(1, 0)),
    };
    const { bot, ask } = await botOf({ embedder: narrow, kept: new KeptVectors(path, 'model') });
    await bot.meanings?.fill();
    assert.match((await ask(other)).why, /gives vectors of 2 numbers, but .* have 217; delete .*made again/);
    await bot.close();
  });
});

describeBot('a retrieval bot with an embedder', async () => {
  // Without the time of connections.
  const embedder: Embedder = {
    ...{ name: 'here', identity: 'here', close: async () => {} },
    embed: async (texts) => texts.flatMap((text) => ofLengthOne(vectorOf(text)) ?? []),
  };
  const { bot } = await botOf({ embedder });
  await bot.meanings?.fill();
  return { bot };
}, [['Where is my order?', 'can i get my parcel at the weekend'], ['find purchase'], ['nothing of it']]);
