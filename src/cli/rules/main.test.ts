// The commands of chatbot-rules, from their options to what they print and keep.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { answers, EmbeddingServer, fails } from '../../../test/bots/embedding-server.js';
import { asyncRefusal } from '../../../test/refusal.js';
import { openStore } from '../../bots/store/open-store.js';
import type { Given, GivenOptions } from '../../config/schema.js';
import type { Streams } from '../data/reading.js';
import { askCommand } from './ask.js';
import { exportCommand } from './export.js';
import { learnCommand } from './learn.js';
import { removeCommand } from './remove.js';
import { type ReviewStreams, reviewCommand } from './review.js';
import { statsCommand } from './stats.js';
import { testCommand } from './test.js';
import { tuneCommand } from './tune.js';
import { validateCommand } from './validate.js';

const folder = mkdtempSync(join(tmpdir(), 'rules-'));
after(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const written = (name: string, text: string) => {
  writeFileSync(path(name), text);
  return path(name);
};

type Command = (given: GivenOptions<string>, streams: Streams & ReviewStreams) => Promise<number>;

/** @param command takes the options of its own table. */
async function run(command: unknown, options: object, typed = '') {
  const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough({ encoding: 'utf8' })];
  const given = new Map<string, Given>(
    Object.entries(options).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  const stdin = Readable.from([typed]);
  const code = await (command as Command)(given, { stdout, stderr, stdin });
  return {
    code,
    out: String(stdout.read() ?? ''),
    err: String(stderr.read() ?? ''),
  };
}

const bot = path('shop.db');
const faq = written(
  'faq.csv',
  'question,answer\nDo you deliver on Sundays?,"No, only on weekdays."\nOpening hours?,9 to 6.\n',
);

before(async () => {
  const { code, out } = await run(learnCommand, { paths: [faq], bot: [bot] });
  assert.equal(code, 0);
  assert.equal(out, `${bot}: 2 new answers, 0 that it knew; it now knows 2\n`);
});

describe('learning', () => {
  it('keeps what is known once, and tells in JSON', async () => {
    const { out } = await run(learnCommand, { paths: [faq], bot: [bot], json: true, quiet: true });
    assert.deepEqual(JSON.parse(out), { bot, added: 0, repeated: 2, pairs: 2 });
  });

  it('keeps nothing when a file cannot be read, or has no answers', async () => {
    const bad = written('bad.jsonl', '{"messages": 7}\n'.repeat(10));
    await assert.rejects(run(learnCommand, { paths: [faq, bad], bot: [path('other.db')] }));
    assert.equal(existsSync(path('other.db')), false);
    const alone = written('alone.jsonl', '{"messages": [{"role": "user", "content": "Hi"}]}\n');
    await assert.rejects(run(learnCommand, { paths: [alone], bot: [path('other.db')] }));
    assert.equal(existsSync(path('other.db')), false);
  });

  it('forgets a file again', async () => {
    const more = written('more.csv', 'question,answer\nDo you ship abroad?,Yes.\n');
    await run(learnCommand, { paths: [more], bot: [bot] });
    assert.match((await run(statsCommand, { bot: [bot] })).out, /more\.csv: 1\n/);
    assert.equal((await run(removeCommand, { files: [more], bot })).out, `${more}: 1 answer is forgotten\n`);
    assert.match(
      await asyncRefusal('usage', () => run(removeCommand, { files: [more], bot })),
      /has learned nothing from/,
    );
  });
});

describe('asking', () => {
  it('shows the answer, its source, and what was close', async () => {
    const { out } = await run(askCommand, { text: 'do you delivr on sundays', bot: [bot] });
    assert.match(out, /^No, only on weekdays\.\n\nfrom {6}retrieval: .*faq\.csv:\d+, score 0\.\d\d\n/);
    assert.match(out, /close .* Do you deliver on Sundays\? -> No, only on weekdays\./);
    const { out: json } = await run(askCommand, { text: 'How is the weather?', bot: [bot], json: true });
    assert.equal((JSON.parse(json) as { source: string }).source, 'fallback');
  });

  it('asks a bot file before the store', async () => {
    const file = written(
      'bot.yaml',
      'rules:\n  hours:\n    text: opening hours\n    answer: Always.\nskills: [math]\n',
    );
    assert.match((await run(askCommand, { text: 'Opening hours?', bot: [bot, file] })).out, /^Always\./);
    assert.match((await run(askCommand, { text: 'what is 3 plus 5', bot: [file] })).out, /8\n/);
    assert.match((await run(askCommand, { text: 'opening hours', bot: [bot] })).out, /^9 to 6\./);
  });

  it('leaves no trace', async () => {
    const store = await openStore(bot, { create: false });
    const before = await store.counts();
    await run(askCommand, { text: 'My name is Ann', bot: [bot], user: 'ann' });
    assert.deepEqual(await store.counts(), before);
    await store.close();
  });

  it('refuses no question, no bot, two stores and unknown time zones', async () => {
    const refused = (options: object) => asyncRefusal('usage', () => run(askCommand, options));
    assert.match(await refused({ bot: [bot] }), /ask something, for example/);
    assert.match(await refused({ text: 'Hi' }), /name the bot with --bot/);
    assert.match(await refused({ text: 'Hi', bot: ['a.db', 'b.db'] }), /two stores/);
    assert.match(await refused({ text: 'Hi', bot: [path('none.db')] }), /does not exist/);
    assert.match(await refused({ text: 'Hi', bot: [bot], timeZone: 'Mars' }), /is no time zone/);
  });
});

describe('testing', () => {
  const failed = path('failed_stories.yml');
  const stories = (answer: string) =>
    written(
      'stories.yml',
      `- story: Sundays\n  steps:\n    - user: do you deliver on sundays\n      bot: ${answer}\n`,
    );

  it('passes, or fails with exit code 1 and the stories that fail', async () => {
    const wrong = await run(testCommand, {
      paths: [stories('Yes!')],
      bot: [bot],
      failed,
      junit: path('junit.xml'),
    });
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /it must say "Yes!"/);
    assert.match(readFileSync(failed, 'utf8'), /# said: No, only on weekdays\./);
    assert.match(readFileSync(path('junit.xml'), 'utf8'), /failures="1"/);
    const again = await run(testCommand, {
      paths: [failed],
      bot: [bot],
      failed: path('again.yml'),
      json: true,
    });
    assert.equal(again.code, 1);
    assert.equal((JSON.parse(again.out) as { failed: number }).failed, 1);
    const right = await run(testCommand, { paths: [stories('No, only on weekdays.')], bot: [bot], failed });
    assert.equal(right.code, 0);
    assert.equal(right.out, '1 story passed\n');
    assert.equal(existsSync(failed), false);
  });
});

describe('reviewing', () => {
  async function submit(...questions: string[]) {
    const store = await openStore(bot, { create: false });
    for (const question of questions)
      await store.submit({
        ...{
          question,
          reason: 'unanswered',
          previous: null,
          said: null,
          proposed: null,
          time: 1,
          user: null,
        },
      });
    await store.close();
  }
  const waiting = async () => (await run(reviewCommand, { bot, list: true })).out;
  const idOf = async (question: string) =>
    new RegExp(`^(\\d+) {2}${question}`, 'm').exec(await waiting())?.[1] ?? assert.fail(await waiting());

  it('accepts an answer for all wordings, which is given at once', async () => {
    await submit('Do you sell gift cards?', 'hi, do you sell gift cards', 'Is there parking?');
    const id = await idOf('Do you sell gift cards');
    assert.match(await waiting(), /also {6}hi, do you sell gift cards/);
    assert.match(
      await asyncRefusal('usage', () => run(reviewCommand, { bot, accept: [id] })),
      /nobody has proposed an answer/,
    );
    const parking = await idOf('Is there parking');
    await asyncRefusal('usage', () =>
      run(reviewCommand, { bot, accept: ['999'], answer: 'x', reject: [parking] }),
    );
    const { out } = await run(reviewCommand, {
      bot,
      accept: [id],
      answer: 'Yes, at the desk.',
      reject: [parking],
    });
    assert.equal(out, '1 accepted, 1 rejected\n');
    assert.equal(await waiting(), '');
    assert.match(
      (await run(askCommand, { text: 'do you sell gift cards?', bot: [bot] })).out,
      /^Yes, at the desk\./,
    );
  });

  it('asks for each answer by hand', async () => {
    await submit('First question here?', 'Another thing entirely', 'Third time lucky', 'Last but not least');
    const typed = '?\nThe first answer\n-\n\nq\n';
    const { out } = await run(reviewCommand, { bot }, typed);
    assert.match(out, /1 accepted, 1 rejected\n$/);
    assert.equal((await waiting()).split('\n').filter((line) => /^\d/.test(line)).length, 2);
  });
});

describe('exporting', () => {
  it('writes all answers or the accepted ones, in each format', async () => {
    const out = path('learned.jsonl');
    await run(exportCommand, { bot, out });
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      messages: [
        { role: 'user', content: 'Do you deliver on Sundays?' },
        { role: 'assistant', content: 'No, only on weekdays.' },
      ],
    });
    const again = path('again.db');
    const { out: told } = await run(learnCommand, { paths: [out], bot: [again], json: true });
    assert.equal((JSON.parse(told) as { added: number }).added, lines.length);
    const { out: csv } = await run(exportCommand, { bot, to: 'csv', accepted: true });
    assert.match(csv, /^question,answer\r\nDo you sell gift cards\?,"Yes, at the desk\."\r\n/);
    const { out: json } = await run(exportCommand, { bot, to: 'chatterbot' });
    const { conversations } = JSON.parse(json) as { conversations: string[][] };
    assert.equal(conversations.length, lines.length);
    await asyncRefusal('usage', () => run(exportCommand, { bot, out }));
  });
});

describe('finding by meaning', () => {
  const server = new EmbeddingServer();
  before(() => server.start());
  after(() => server.stop());
  const text = 'can i get my parcel at the weekend';

  it('makes vectors when it learns, and answers other words, as options or the bot file say', async () => {
    const store = path('meaning.db');
    const flags = { embedder: server.url.href, embedderModel: 'm' };
    const learned = written(
      'other-words.csv',
      'question,answer\nDo you deliver on Sundays?,Only on weekdays.\n',
    );
    await run(learnCommand, { paths: [learned], bot: [store], ...flags });
    const sent = server.requests.flatMap(({ texts }) => texts);
    assert.ok(sent.includes('do you deliver on sundays'));
    server.requests = [];
    const asking = { text, bot: [store], json: true };
    assert.equal(JSON.parse((await run(askCommand, asking)).out).source, 'fallback');
    assert.equal(server.requests.length, 0);
    const found = JSON.parse((await run(askCommand, { ...asking, ...flags })).out);
    assert.equal(found.answer, 'Only on weekdays.');
    assert.deepEqual(
      server.requests.flatMap(({ texts }) => texts),
      [text],
    );

    const chosen = written(
      'meaning.yaml',
      `retrieval: {embedder: "${server.url.href}", embedder_model: m}\n`,
    );
    const both = { ...asking, bot: [store, chosen] };
    assert.equal(JSON.parse((await run(askCommand, both)).out).answer, 'Only on weekdays.');
    assert.equal(JSON.parse((await run(askCommand, { ...both, embedder: 'none' })).out).source, 'fallback');
    assert.match((await run(statsCommand, { bot: [store, chosen] })).out, /vectors +of 1 questions\n/);

    server.always = fails(401);
    const without = JSON.parse((await run(askCommand, both)).out);
    assert.match(JSON.stringify(without.asked), /by its words only, because .*status 401/);
    assert.match((await run(statsCommand, { bot: [store, chosen] })).out, /does not answer: .*status 401/);
    await assert.rejects(run(askCommand, { ...asking, embedderModel: 'm' }), /no effect without/);
    server.always = answers();
  });
});

describe('tuning', () => {
  it('chooses thresholds from questions in other words', async () => {
    const asked = written(
      'paraphrases.csv',
      'question,answer\ndo you delivr on sundays,"No, only on weekdays."\nwhen are the opening hours,9 to 6.\nDo you sell boats on Sundays?,no answer\n',
    );
    const { out } = await run(tuneCommand, { paths: [asked], bot: [bot], quiet: true });
    assert.match(out, /^threshold {2}precision {4}recall\n {5}0\.40/);
    assert.match(
      out,
      /for the bot file \(3 questions\):\nanswers:\n {2}certain_from: [\d.]+\n {2}answer_from: /,
    );
    const { out: json } = await run(tuneCommand, { paths: [asked], bot: [bot], json: true, quiet: true });
    const { answers, curve } = JSON.parse(json) as { answers: { answer_from: number }; curve: unknown[] };
    assert.ok(answers.answer_from >= 0.4 && answers.answer_from <= 1);
    assert.equal(curve.length, 61);
  });
});

describe('validating', () => {
  it('finds answers that contradict each other', async () => {
    assert.deepEqual(await run(validateCommand, { bot: [bot] }), {
      code: 0,
      out: 'nothing was found\n',
      err: '',
    });
    const other = written(
      'other.csv',
      'question,answer\nDo you deliver on sundays,"Yes, of course."\nOpening hours,8 to 6.\nOpening hours?,From 9 to 6!\n',
    );
    const store = path('contradictory.db');
    await run(learnCommand, { paths: [faq, other], bot: [store] });
    const { code, out } = await run(validateCommand, { bot: [store] });
    assert.equal(code, 1);
    const lines = out.trim().split('\n');
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? '',
      /^warning: .*other\.csv:2 answers .*one is yes and the other no; remove one$/,
    );
    assert.match(lines[1] ?? '', /their numbers differ/);
  });
});
