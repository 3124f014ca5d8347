// Preparing a corpus from files to a folder, and reading the folder.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { folderMaker } from '../../test/written-files.js';
import { prepareOptions, stageOptions } from '../config/prepare-options.js';
import { completeOptions } from '../config/schema.js';
import { trainOptions } from '../config/train-options.js';
import { parsePrepared } from '../corpus/prepared/prepared-dialogue.js';
import { keptSourcesName } from '../corpus/prepared/prepared-files.js';
import { readCorpus } from '../corpus/read-corpus.js';
import { sha256 } from '../files/checksums.js';
import { OpenCorpora } from '../train/corpora.js';
import { readKeptSource } from './kept-source.js';
import { checkOutput } from './output-folder.js';
import { prepare } from './prepare.js';
import { ruleOptions } from './rules.js';

let root: string;
let folderOf: ReturnType<typeof folderMaker>;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prepare-'));
  folderOf = folderMaker(root);
});
afterEach(() => rmSync(root, { recursive: true }));

const faq = `question,answer
Do you deliver &amp; install?,Yes we do
do you deliver & install?,yes  we do
What is the price?,It costs 5 euro
Hello,Hi there
`;

async function prepared(paths: readonly string[], changed: Readonly<Record<string, unknown>> = {}) {
  const out = join(root, 'corpus');
  const given = new Map(
    Object.entries({ evalRatio: 0, ...changed }).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  for (const key of given.keys()) assert.ok(key in prepareOptions);
  const options = completeOptions(stageOptions, [given as never]);
  const { manifest } = await prepare(paths, out, options, completeOptions(ruleOptions, [given]));
  return { out, manifest };
}

const linesIn = (path: string) =>
  (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path))
    .toString()
    .split('\n')
    .slice(0, -1);
const filesIn = (out: string) => readdirSync(out).filter((name) => name !== keptSourcesName);
/** The lines of all files, and what is kept of the sources. */
function everythingIn(out: string): string[] {
  const texts = filesIn(out).flatMap((name) => linesIn(join(out, name)));
  const kept = join(out, keptSourcesName);
  for (const name of readdirSync(kept)) {
    const end = readKeptSource(join(kept, name), (part) => texts.push(Buffer.from(part).toString()));
    texts.push(JSON.stringify(end));
  }
  return texts;
}
const textsIn = (path: string) =>
  linesIn(path).map((line) => parsePrepared(line, path).dialogue.turns.map(({ text }) => text));

it('cleans the dialogues, drops duplicates, and says why', async () => {
  const source = join(folderOf({ 'faq.csv': faq }), 'faq.csv');
  const { out, manifest } = await prepared([source]);
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [
    ['Do you deliver & install?', 'Yes we do'],
    ['What is the price?', 'It costs 5 euro'],
    ['Hello', 'Hi there'],
  ]);
  const [rejected = '{}'] = linesIn(join(out, 'rejected.jsonl'));
  const { source: place, dropped_by: rule } = JSON.parse(rejected);
  assert.deepEqual([place, rule], [`${source}:3`, 'duplicates']);
  assert.deepEqual(manifest.dialogues, { train: 3, eval: 0 });
  assert.equal(manifest.rules['html-entities']?.changed, 1);
});

it('makes a corpus that the readers read', async () => {
  const { out } = await prepared([folderOf({ 'faq.csv': faq })]);
  const { dialogues, summary } = readCorpus([out]);
  assert.equal(dialogues.length, 3);
  assert.deepEqual(
    summary.files.map(({ format }) => format),
    ['prepared'],
  );
  assert.deepEqual(
    dialogues[0]?.turns.map(({ role }) => role),
    ['user', 'assistant'],
  );
});

it('makes a corpus that training evaluates on the part that was set aside', async () => {
  const { out } = await prepared([folderOf({ 'faq.csv': faq })], { evalRatio: 0.34 });
  const given = { ...completeOptions(trainOptions, []), data: [out] };
  const { train, evaluation, notes } = new OpenCorpora(given).of(null);
  assert.deepEqual([train.length, evaluation.length], [2, 1]);
  assert.ok(notes.some((note) => note.startsWith(`evaluates on ${join(out, 'eval.jsonl.gz')}`)));
  assert.equal(
    notes.some((note) => note.includes('not used')),
    false,
  );
  assert.equal(new OpenCorpora({ ...given, evalRatio: 0 }).of(null).evaluation.length, 0);
  assert.equal(readCorpus([join(out, 'eval.jsonl.gz')]).dialogues.length, 1);
});

it('sets dialogues aside for evaluation', async () => {
  const { out, manifest } = await prepared([folderOf({ 'faq.csv': faq })], { evalRatio: 0.34 });
  assert.deepEqual(manifest.dialogues, { train: 2, eval: 1 });
  assert.equal(textsIn(join(out, 'eval.jsonl.gz')).length, 1);
});

it('gives the same files again', async () => {
  const source = folderOf({ 'faq.csv': faq });
  const contents = (out: string) =>
    Object.fromEntries(filesIn(out).map((name) => [name, linesIn(join(out, name))]));
  const first = contents((await prepared([source])).out);
  assert.deepEqual(contents((await prepared([source])).out), first);
});

it('drops similar dialogues, of which the longest stays', async () => {
  const said = 'we open at nine in the morning and close at five in the afternoon on all days but sunday';
  const source = folderOf({
    'chats.jsonl': [said, `${said} thanks`]
      .map((text) => JSON.stringify({ turns: ['When?', text] }))
      .join('\n'),
  });
  const { out, manifest } = await prepared([source], { dedupe: 'near' });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['When?', `${said} thanks`]]);
  assert.deepEqual(manifest.rules['near-duplicates']?.dropped, { 'similar to another dialogue': 1 });
});

it('keeps out what must not be learned', async () => {
  const source = folderOf({ 'faq.csv': faq });
  const lists = folderOf({
    'answers.txt': 'hi there\n',
    'tests.jsonl': '{"turns": ["What is the price", "It costs 5 euro!"]}\n',
  });
  const neverTrain = [join(lists, 'answers.txt'), join(lists, 'tests.jsonl')];
  const { out } = await prepared([source], { neverTrain });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['Do you deliver & install?', 'Yes we do']]);
});

it('keeps out what must not be learned, also if it is redacted', async () => {
  const answer = 'Write to ann@shop.example';
  const source = folderOf({ 'faq.csv': `question,answer\nHow?,${answer}\nHello,Hi there\n` });
  const neverTrain = [join(folderOf({ 'answers.txt': `${answer}\n` }), 'answers.txt')];
  const { out } = await prepared([source], { neverTrain, redact: 'email' });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['Hello', 'Hi there']]);
});

it('keeps what people said private', async () => {
  const { out } = await prepared([folderOf({ 'faq.csv': faq })]);
  for (const name of readdirSync(out)) assert.equal(statSync(join(out, name)).mode & 0o077, 0);
});

it('reports what each rule did, with samples in which nothing can run', async () => {
  const csv =
    'question,answer\nFish &amp; chips?,"<script>alert(1)</script> &lt;b&gt;"\nHello,"Hi, write to ann@shop.example &amp; wait"\n';
  const { out } = await prepared([folderOf({ 'faq.csv': csv })], { redact: 'email' });
  const report = readFileSync(join(out, 'report.html'), 'utf8');
  assert.match(report, /<th>html-entities<\/th><td class="number">2<\/td>/);
  assert.match(report, /Fish &amp;amp; chips\?.*Fish &amp; chips\?/s);
  assert.equal(report.includes('<script'), false);
  assert.equal(report.includes('ann@shop.example'), false);
  assert.match(report, /<th>email<\/th><td class="number">1<\/td>/);
});

it('names the files that decided with their hashes, except for names and secrets', async () => {
  const texts = {
    'faq.csv': faq,
    'words.txt': 'gosh\n',
    'test.txt': 'Yes we did\n',
    'staff.txt': 'Bob\n',
    'key.txt': 'x',
  };
  const folder = folderOf(texts);
  const path = (name: string) => join(folder, name);
  const { out, manifest } = await prepared([path('faq.csv')], {
    dropUnsafe: true,
    unsafeWords: [path('words.txt')],
    neverTrain: [path('test.txt')],
    names: path('staff.txt'),
    redactKey: path('key.txt'),
    redact: 'name',
  });
  assert.deepEqual(
    manifest.files?.map(({ option, ...record }) => [option, record]),
    [
      ['unsafeWords', { path: path('words.txt'), bytes: 5, sha256: sha256('gosh\n') }],
      ['neverTrain', { path: path('test.txt'), bytes: 11, sha256: sha256('Yes we did\n') }],
    ],
  );
  const text = readFileSync(join(out, 'manifest.json'), 'utf8');
  for (const hidden of ['Bob\n', 'x']) assert.equal(text.includes(sha256(hidden)), false);
});

it('shows in samples which replies are no longer learned', async () => {
  const turns = ['Who?', 'Ann', ...Array(8).fill(['Why?', 'Because of the rain']).flat()];
  const others = ['What?', 'Because of the rain'];
  const source = folderOf({
    'chats.jsonl': `${JSON.stringify({ turns })}\n${JSON.stringify({ turns: others })}\n`,
  });
  const { out } = await prepared([source], { maxReplyCount: 2 });
  const report = readFileSync(join(out, 'report.html'), 'utf8');
  const [, samples = ''] = report.split('<h3>frequent-replies</h3>');
  assert.match(samples, /<p class="said">Because of the rain<\/p><p class="quiet">↑ no longer learned<\/p>/);
  assert.doesNotMatch(samples, /Ann<\/p><p class="quiet">/);
});

it('says which sources a corpus was made from', async () => {
  const folder = folderOf({ 'faq.csv': faq, 'more.csv': faq.replace('5', '7') });
  const file = join(folder, 'faq.csv');
  const { manifest } = await prepared([file, folder]);
  const [first, second] = manifest.sources;
  assert.deepEqual(first, { path: file, bytes: faq.length, sha256: sha256(faq) });
  assert.equal(second?.bytes, 2 * faq.length);
  writeFileSync(file, faq.replace('5', '6'));
  const [, changed] = (await prepared([file, folder])).manifest.sources;
  assert.notEqual(changed?.sha256, second?.sha256);
});

it('replaces an older corpus if it may, and no other folder', async () => {
  const source = folderOf({ 'faq.csv': faq });
  const { out } = await prepared([source]);
  checkOutput(out, true, [source]);
  assert.throws(() => checkOutput(out, false, [source]), { code: 'output-exists' });
  assert.throws(
    () => checkOutput(out, true, [join(out, 'train.jsonl.gz')]),
    /is in .*, which would be replaced/,
  );
  writeFileSync(join(out, 'notes.txt'), 'mine');
  assert.throws(() => checkOutput(out, true, [source]), /also holds notes.txt/);
  assert.throws(() => checkOutput(source, true, []), /is not a prepared corpus/);
  assert.throws(() => checkOutput(join(source, 'faq.csv'), true, []), /is a file/);
  checkOutput(folderOf(), false, [source]);
});

it('leaves nothing behind when no dialogue is left', async () => {
  const source = folderOf({ 'faq.csv': faq });
  await assert.rejects(prepared([source], { maxTurnCharacters: 1 }), { code: 'nothing-to-learn' });
  assert.equal(existsSync(join(root, 'corpus')), false);
  assert.deepEqual(readdirSync(root), ['folder-0']);
});

it('redacts personal data everywhere, and counts it by kind', async () => {
  const chats = `question,answer
Who are you &amp; where?,Write to ann&#64;example.org
Who pays?,My card is 4111 1111 1111 1111
Who pays?,My card is 4111 1111 1111 1111
Can I call?,Of course: 212 736 5000
`;
  const source = join(folderOf({ 'faq.csv': chats }), 'faq.csv');
  const { out, manifest } = await prepared([source], { redact: 'pii' });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [
    ['Who are you & where?', 'Write to [EMAIL]'],
    ['Who pays?', 'My card is [CARD]'],
    ['Can I call?', 'Of course: [PHONE]'],
  ]);
  assert.deepEqual(manifest.redacted, { card: 2, email: 1, phone: 1 });
  const written = everythingIn(out);
  for (const secret of ['example.org', '1111', '5000']) assert.doesNotMatch(written.join(), RegExp(secret));
});

it('finds personal data that broken characters hide, also in the samples of what was repaired', async () => {
  const names = ['[2024-05-01, 10:00:00] RenÃ© MÃ¼ller: Hello', '[2024-05-01, 10:00:30] Bob: Salut RenÃ©!'];
  const source = folderOf({
    'faq.csv': 'question,answer\nWho?,Schreib an jÃ¶rg@example.org\nAnd &amp; who?,CafÃ© Ã  gogo\n',
    'chat.txt': `${names.join('\n')}\n`,
  });
  const { out } = await prepared([join(source, 'faq.csv'), join(source, 'chat.txt')], { redact: 'pii' });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [
    ['Who?', 'Schreib an [EMAIL]'],
    ['And & who?', 'Café à gogo'],
    ['Hello', 'Salut [NAME]!'],
  ]);
  const report = readFileSync(join(out, 'report.html'), 'utf8');
  assert.match(report, /Café Ã {2}gogo|CafÃ© Ã {2}gogo/);
  const written = everythingIn(out);
  assert.doesNotMatch(written.join(), /rg@example|Ren(?:é|Ã)|M(?:ü|Ã¼)ller/);
});

it('keeps a turn that a repair would empty for the rule that leaves out empty turns', async () => {
  const source = folderOf({
    'chats.jsonl': '{"turns": ["Hi", "\\u200b", "Fine?", "Yes"]}\n{"turns": ["Hi", "\\u200b"]}\n',
  });
  const { out, manifest } = await prepared([source]);
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['Fine?', 'Yes']]);
  assert.deepEqual(Object.keys(manifest.rules), ['empty-turns']);
});

it('counts replies after duplicates are dropped', async () => {
  const rows = ['Open?,Yes', 'Open?,Yes', 'Open?,Yes', 'Cheap?,Yes', 'Far?,No'];
  const source = folderOf({ 'faq.csv': `question,answer\n${rows.join('\n')}\n` });
  const kept = async (maxReplyCount: number) => {
    const { out, manifest } = await prepared([source], { maxReplyCount, evalRatio: 0.4 });
    const { 'frequent-replies': counts } = manifest.rules;
    return [
      manifest.dialogues.train + manifest.dialogues.eval,
      counts?.dropped,
      textsIn(join(out, 'rejected.jsonl')),
    ];
  };
  const duplicates = [
    ['Open?', 'Yes'],
    ['Open?', 'Yes'],
  ];
  assert.deepEqual(await kept(2), [3, undefined, duplicates]);
  const [count, dropped] = await kept(1);
  assert.deepEqual([count, dropped], [2, { 'the reply is too frequent': 1 }]);
});

it('can drop the dialogues with personal data', async () => {
  const source = join(
    folderOf({ 'faq.csv': 'question,answer\nMail?,ann@example.org\nHi,Hello\n' }),
    'faq.csv',
  );
  const { out, manifest } = await prepared([source], { redact: 'email', redactWith: 'drop' });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['Hi', 'Hello']]);
  assert.deepEqual(textsIn(join(out, 'rejected.jsonl')), [['Mail?', '[EMAIL]']]);
  assert.deepEqual(manifest.rules.redact?.dropped, { 'holds personal data: email': 1 });
});

it('keeps the names of speakers out of everything it writes', async () => {
  const chat = ['[2024-05-01, 10:00:00] Ann Miller: Hi Bob', '[2024-05-01, 10:00:30] Bob: Hello ann!'];
  const source = join(folderOf({ 'chat.txt': `${chat.join('\n')}\n` }), 'chat.txt');
  const { out } = await prepared([source], { redact: 'pii', learn: ['Bob'] });
  assert.deepEqual(textsIn(join(out, 'train.jsonl.gz')), [['Hi [NAME_1]', 'Hello [NAME_2]!']]);
  const written = everythingIn(out);
  assert.doesNotMatch(written.join(), /\b(?:ann|miller|bob)\b/i);
});

it('refuses word lists and filters that are not used', async () => {
  const source = folderOf({ 'faq.csv': faq });
  await assert.rejects(prepared([source], { unsafeFilter: 'filter.json' }), { code: 'options-conflict' });
});
