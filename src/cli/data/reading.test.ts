// The commands inspect, speakers and convert.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, it } from 'node:test';
import { asyncRefusal } from '../../../test/refusal.js';
import { learntTurns } from '../../corpus/learnt-turns.js';
import { readCorpus } from '../../corpus/read-corpus.js';
import { convertCommand } from './convert.js';
import { inspectCommand } from './inspect.js';
import { speakersCommand } from './speakers.js';

const folder = mkdtempSync(join(tmpdir(), 'reading-'));
after(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const message = (name: string, content: string, minute: number) => ({
  name,
  content,
  time: `2024-05-0${1 + Math.floor(minute / 60)}T10:${String(minute % 60).padStart(2, '0')}:00Z`,
});
const chats = write(
  'chats.jsonl',
  [
    {
      messages: [
        message('Ann', 'When does the shop open?', 0),
        message('Bob', 'At nine.', 1),
        message('Ann', 'Thanks!', 2),
      ],
    },
    {
      ticket: 7,
      messages: [message('Cara', 'Hello Bob!', 60), message('Bob', 'Hello, how can I help you today?', 61)],
    },
    { messages: 5 },
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join(''),
);
const pairs = write('faq.json', '[{"text": "你们几点开门?", "response": "九点。"}]');

/** Runs a command with options, as if they came from the command line. */
async function run(
  command: (given: never, streams: { stdout: PassThrough; stderr: PassThrough }) => Promise<number>,
  options: object,
) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const given = Object.entries({ maxBadRatio: 1, ...options }).map(([key, value]) => [
    key,
    { value, where: 'on the command line' },
  ]);
  const code = await command(new Map(given as []) as never, { stdout, stderr });
  assert.equal(code, 0);
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('inspect', () => {
  it('shows what is in the files, and what was left out of them', async () => {
    const { stdout, stderr } = await run(inspectCommand, { paths: [chats, pairs] });
    assert.match(
      stderr,
      /^\S*chats\.jsonl: 2 dialogues, 5 turns \(messages\); 1 record skipped: .*; fields not used: ticket$/m,
    );
    assert.match(stdout, /^formats {4}messages \(1 file\), qa \(1 file\)$/m);
    assert.match(stdout, /^dialogues {2}3 with 7 turns \(2\.3 each\), of which training learns 4$/m);
    assert.match(
      stdout,
      /^text {7}25 words \(each Chinese or Japanese character is one\), .* --model NAME counts tokens$/m,
    );
    assert.match(stdout, /^speakers {3}Ann 29%, Bob 29%, Cara 14%, user 14%, assistant 14%$/m);
    assert.match(stdout, /^languages {2}(en|unknown) 2, zh 1$/m);
    assert.match(stdout, /^time {7}2024-05-01 to 2024-05-02$/m);
    assert.match(
      stdout,
      /^lengths {4}of dialogues in words: shortest 8, median \d+, 95% up to \d+, longest \d+$/m,
    );
    assert.match(stdout, /^words {2}dialogues\n +5-9 {10}\d {2}#+\n/m);
  });

  it('counts tokens with a tokenizer, and prints JSON', async () => {
    const { stdout, stderr } = await run(inspectCommand, {
      paths: [chats],
      model: 'tiny',
      json: true,
      quiet: true,
      languages: false,
    });
    assert.equal(stderr, '');
    const report = JSON.parse(stdout);
    assert.equal(report.lengths.unit, 'tokens');
    assert.ok(report.tokens > report.words);
    assert.equal(report.languages, null);
    assert.deepEqual(report.files[0].unused_fields, ['ticket']);
    assert.deepEqual([report.files[0].records, report.files[0].unreadable], [3, 1]);
    assert.equal(report.files[0].skipped[0].line, 3);
    assert.equal(report.first_time, '2024-05-01T10:00:00.000Z');
  });

  it('counts what training would learn', async () => {
    const learned = async (options: object) =>
      JSON.parse(
        (await run(inspectCommand, { paths: [chats], json: true, languages: false, ...options })).stdout,
      );
    assert.equal((await learned({})).learned_turns, 3);
    const bob = await learned({ learn: ['Bob'] });
    assert.deepEqual([bob.dialogues, bob.turns, bob.learned_turns], [2, 4, 2]);
  });
});

describe('speakers', () => {
  it('lists who speaks how much, and how to learn from one', async () => {
    const { stdout, stderr } = await run(speakersCommand, { paths: [chats] });
    assert.deepEqual(stdout.split('\n'), [
      'speaker  turns  words  replies  first       last',
      'Ann          2      6    33.3%  2024-05-01  2024-05-01',
      'Bob          2      9    66.7%  2024-05-01  2024-05-02',
      'Cara         1      2     0.0%  2024-05-02  2024-05-02',
      '',
    ]);
    assert.match(stderr, /^to learn to speak as one of them: chatbot-train --learn Ann$/m);
  });

  it('prints JSON', async () => {
    const [, bob] = JSON.parse((await run(speakersCommand, { paths: [chats], json: true })).stdout);
    assert.deepEqual(bob, {
      ...{ name: 'Bob', id: null, role: null, turns: 2, words: 9, replies: 2, share_of_replies: 2 / 3 },
      ...{ first_time: '2024-05-01T10:01:00.000Z', last_time: '2024-05-02T10:01:00.000Z' },
    });
  });
});

describe('convert', () => {
  it('writes a file that reads back to the same turns, only for its owner, and never over another', async () => {
    const out = join(folder, 'converted.jsonl');
    const { stdout } = await run(convertCommand, { paths: [chats, pairs], out, learn: ['Bob', 'assistant'] });
    assert.equal(stdout, `${out}: 3 dialogues\n`);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const { dialogues, summary } = readCorpus([out]);
    assert.deepEqual(
      dialogues.map((dialogue) =>
        learntTurns(dialogue, 'auto').map(({ turn, learned }) => `${learned ? '*' : ''}${turn.text}`),
      ),
      [
        ['When does the shop open?', '*At nine.'],
        ['Hello Bob!', '*Hello, how can I help you today?'],
        ['你们几点开门?', '*九点。'],
      ],
    );
    assert.equal(dialogues[0]?.turns[0]?.time, Date.parse('2024-05-01T10:00:00Z'));
    assert.deepEqual(summary.files[0]?.unusedFields, []);
    assert.equal(JSON.parse(readFileSync(out, 'utf8').split('\n')[0] ?? '').source, `${chats}:1`);
    const again = () => run(convertCommand, { paths: [pairs], out });
    assert.match(
      await asyncRefusal('usage', again),
      /converted\.jsonl exists; name another file, or add --force to replace it$/,
    );
    assert.equal(
      (await run(convertCommand, { paths: [pairs], out, force: true, json: true })).stdout,
      `{"out":"${out}","dialogues":1}\n`,
    );
  });

  it('prints without --out', async () => {
    const { stdout } = await run(convertCommand, { paths: [pairs] });
    assert.deepEqual(JSON.parse(stdout), {
      messages: [
        { role: 'user', content: '你们几点开门?' },
        { role: 'assistant', content: '九点。' },
      ],
      source: `${pairs}:1`,
    });
  });

  it('leaves nothing behind when the conversations cannot be read', async () => {
    const before = readdirSync(folder);
    const failing = () =>
      run(convertCommand, { paths: [chats], out: join(folder, 'x.jsonl'), maxBadRatio: 0.05 });
    assert.match(
      await asyncRefusal('data', failing),
      /^1 of 3 records cannot be read, more than --max-bad-ratio 0\.05 allows/,
    );
    assert.deepEqual(readdirSync(folder), before);
  });
});
