// `chatbot-data inspect --html`: a page in which nothing can run and no personal data stands, with the counts that `prepare`
// then has.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { asyncRefusal } from '../../../test/refusal.js';
import type { Given } from '../../config/schema.js';
import type { Recognizer } from '../../prepare/sensitive/recognizer.js';
import { recognizers } from '../../prepare/sensitive/recognizers.js';
import { inspectCommand } from './inspect.js';
import { prepareCommand } from './prepare.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'inspect-page-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const givenBy = (flags: Readonly<Record<string, unknown>>) =>
  new Map<string, Given>(
    Object.entries(flags).map(([key, value]) => [key, { value, where: 'on the command line' }]),
  );

async function inspected(flags: Readonly<Record<string, unknown>>) {
  const html = join(root, 'report.html');
  const stdout = new PassThrough({ encoding: 'utf8' });
  const given = givenBy({ html, json: true, quiet: true, ...flags });
  assert.equal(await inspectCommand(given as never, { stdout, stderr: new PassThrough() }), 0);
  return { page: readFileSync(html, 'utf8'), counts: JSON.parse(String(stdout.read())), html };
}

async function prepared(paths: readonly string[], flags: Readonly<Record<string, unknown>>) {
  const out = join(root, 'corpus');
  const given = givenBy({ paths, out, force: true, evalRatio: 0, quiet: true, ...flags });
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  assert.equal(await prepareCommand(given, streams), 0);
  return JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
}

/** @param dialogues the texts of each. */
function chats(name: string, dialogues: readonly (readonly string[])[]): string {
  const path = join(root, name);
  writeFileSync(path, dialogues.map((turns) => JSON.stringify({ turns })).join('\n'));
  return path;
}

const mixed: readonly (readonly string[])[] = [
  ['Fish &amp; chips?', 'Yes   of course'],
  ['Fish &amp; chips?', 'yes of course'],
  ['Where do I write to?', 'Write to ann@shop.example or to bob@shop.example'],
  ['Who pays?', 'My card is 4111 1111 1111 1111'],
  ['Can you help?', 'Fuck off'],
  ['你好', '你这个傻逼'],
  ['It is soooooooooo good', 'I know', '\ufffc', 'Nice', 'Is it?'],
  ...[' thanks', ''].map((end) => [
    'When do you open?',
    `we open at nine in the morning and close at five in the afternoon on all days but sunday${end}`,
  ]),
  ...Array.from({ length: 7 }, (_, index) => [`Question ${index}`, 'I see.']),
];

test('the counts are those that prepare then has', async () => {
  const paths = [chats('one.jsonl', mixed.slice(0, 8)), chats('two.jsonl', mixed.slice(8))];
  const { counts, page } = await inspected({ paths });
  const plain = await prepared(paths, {});
  assert.deepEqual(counts.prepare, { dialogues: plain.dialogues.train, rules: plain.rules });
  const near = await prepared(paths, { dedupe: 'near' });
  assert.deepEqual(counts.duplicates, {
    exact: near.rules.duplicates.dropped['the same as another dialogue'],
    near: near.rules['near-duplicates'].dropped['similar to another dialogue'],
  });
  assert.deepEqual(counts.personal_data, (await prepared(paths, { redact: 'pii' })).redacted);
  const unsafe = await prepared(paths, { dropUnsafe: true });
  const { dropped } = unsafe.rules['drop-unsafe'];
  assert.equal(counts.unsafe.dialogues, dropped['a word of the lists']);
  assert.deepEqual(counts.unsafe.lists, { 'en.txt': 1, 'zh.txt': 1 });
  assert.equal(counts.replies.most_frequent, 7);
  assert.equal(counts.unanswered_questions, 1);
  for (const [kind, count] of Object.entries(counts.personal_data))
    assert.ok(page.includes(`<th>${kind}</th><td class="number">${count}</td>`));
});

test('a section ends with the command that mends it', async () => {
  const path = chats("Ann's chat.jsonl", mixed);
  const { page } = await inspected({ paths: [path], format: 'turns' });
  const quoted = path.replaceAll("'", "'\\''");
  for (const flags of ['--dedupe near', '--redact pii', '--drop-unsafe', '--max-reply-count 20'])
    assert.ok(
      page
        .replaceAll('&#39;', "'")
        .includes(`<code>chatbot-data prepare '${quoted}' --out corpus/ --format turns ${flags}</code>`),
      flags,
    );
});

test('nothing on the page can run or load anything', async () => {
  const attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  const path = chats('attack.jsonl', [
    [`${attack} &amp;?`, attack],
    [`${attack} &amp;?`, attack],
    [attack, `Fuck off ${attack}?`],
  ]);
  const { page } = await inspected({ paths: [path], learn: [] });
  assert.match(
    page,
    /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/,
  );
  const tags = [...page.matchAll(/<([a-z0-9]+)([^>]*)>/g)].map(([, name = '', rest = '']) => ({
    name,
    rest,
  }));
  for (const { name, rest } of tags) {
    assert.doesNotMatch(name, /^(?:script|img|iframe|link|object|embed|form|base|a)$/);
    assert.doesNotMatch(rest, /\son\w+=|\bsrc=|\bhref=/);
  }
});

/** Values that stand for themselves: a page also has short words and numbers. */
const isTelling = (value: string) => value.length >= 6 && !/^[a-z]+$/.test(value);

function examplesOf({ finds }: Recognizer): readonly (readonly string[])[] {
  return finds.map(([text]) => [text, `${text} &amp; thanks`, `Fuck off, ${text}?`]);
}

test('no personal data of any kind stands on the page, wherever it was said', async () => {
  const said = recognizers.flatMap(examplesOf);
  const paths = [
    chats('one.jsonl', said),
    chats('two.jsonl', [...said.slice(0, 40), ...said.map((turns) => [...turns, 'Is it?'])]),
  ];
  const { page } = await inspected({ paths });
  const values = recognizers.flatMap(({ finds }) => finds.flatMap(([, ...found]) => found)).filter(isTelling);
  assert.ok(values.length > 100);
  const shown = page.replaceAll('&#39;', "'").replaceAll('&amp;', '&');
  assert.deepEqual(
    values.filter((value) => shown.includes(value)),
    [],
  );
  assert.match(page, /\[EMAIL(?:_1)?\]/);
});

test('speakers are named only if people ask for it', async () => {
  const path = join(root, 'chat.txt');
  const lines = ['Ann Miller: Hi Bob', 'Bob: Hello Ann Miller, is it bob@shop.example?'];
  writeFileSync(path, lines.map((line, index) => `[2024-05-01, 10:00:0${index}] ${line}\n`).join(''));
  const { page } = await inspected({ paths: [path], learn: ['Bob'] });
  assert.doesNotMatch(page.replaceAll('--learn Bob', ''), /Miller|\bBob\b|shop\.example/);
  const shown = await inspected({ paths: [path], showSensitive: true, force: true });
  assert.match(shown.page, /<td>Ann Miller<\/td>/);
  assert.match(shown.page, /turn 2: bob@shop\.example/);
});

test('the page is private, and replaces no file unasked', async () => {
  const path = chats('chats.jsonl', mixed);
  const { html, page } = await inspected({ paths: [path] });
  assert.equal(statSync(html).mode & 0o077, 0);
  const again = (flags: Readonly<Record<string, unknown>>) =>
    asyncRefusal('usage', () => inspected({ paths: [path], ...flags }));
  assert.match(await again({}), /report\.html exists; name another file, or add --force/);
  assert.match(await again({ html: path, force: true }), /is read and cannot be replaced/);
  assert.match(
    await again({ html: null, showSensitive: true }),
    /--show-sensitive has no effect without --html/,
  );
  assert.equal((await inspected({ paths: [path], force: true })).page, page);
});

test('a path that prepare refuses is named, and the others are still looked at', async () => {
  const alone = join(root, 'alone.jsonl');
  writeFileSync(alone, '{"turns": ["Hello"]}\n');
  const { page, counts } = await inspected({ paths: [chats('chats.jsonl', mixed), alone] });
  assert.match(page, /It refuses this: no dialogue in [^<]*alone\.jsonl can be used/);
  assert.ok(counts.prepare.dialogues > 5);
});

test('a page about what cannot be read is not written', async () => {
  const path = join(root, 'empty.jsonl');
  writeFileSync(path, '');
  await asyncRefusal('data', () => inspected({ paths: [path] }));
  assert.equal(existsSync(join(root, 'report.html')), false);
});
