// Taking people out of a prepared corpus, from folder to folder.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions } from '../../config/schema.js';
import { preparedLine } from '../../corpus/prepared/prepared-dialogue.js';
import { keptSourcesName } from '../../corpus/prepared/prepared-files.js';
import { Ledger } from '../ledger.js';
import { prepare } from '../prepare.js';
import { PreparedCorpus } from '../prepared-corpus.js';
import { ruleOptions } from '../rules.js';
import { writeCorpus } from '../write-corpus.js';
import { type ForgetOptions, forget } from './forget.js';

const root = mkdtempSync(join(tmpdir(), 'forget-'));
after(() => rmSync(root, { recursive: true }));

interface Said {
  readonly name: string;
  readonly role?: 'assistant';
  readonly id?: string;
  readonly text: string;
}

const said = (name: string, text: string, id?: string): Said => ({
  name,
  text,
  ...(id !== undefined && { id }),
});

const dialogues = [
  [said('Ann', 'Where is the parcel?'), said('Bob', 'At the &quot;turquoise&quot; door')],
  [said('Ann', 'where is the parcel?'), said('Bob', 'at the "turquoise" door')],
  [said('Ann', 'Did Bob call?'), said('Cara', 'Not today')],
  [said('Dan', 'How are you?'), said('Ann', 'Fine, and you?')],
  [said('Cara', 'See you at five'), said('Dan', 'Until then')],
];

let corpora = 0;

function chatsOf(texts: readonly (readonly Said[])[]): string {
  const path = join(root, `chats-${corpora++}.jsonl`);
  const lines = texts.map((turns) => {
    const messages = turns.map(({ name, id, text, role = 'user' }) => ({
      role,
      name,
      content: text,
      ...(id !== undefined && { speaker_id: id }),
    }));
    return `${JSON.stringify({ messages })}\n`;
  });
  writeFileSync(path, lines.join(''));
  return path;
}

async function preparedOf(
  source: string,
  changed: Readonly<Record<string, unknown>> = {},
  out = `${source}-corpus`,
) {
  const given = new Map(
    Object.entries({ evalRatio: 0, ...changed }).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  const options = completeOptions(stageOptions, [given as never]);
  await prepare([source], out, options, completeOptions(ruleOptions, [given]));
  return out;
}

const asked = (changed: Partial<ForgetOptions>): ForgetOptions => ({
  speaker: [],
  customer: [],
  match: [],
  alias: [],
  redactKey: null,
  dryRun: false,
  ...changed,
});

/** All texts of all files of a corpus. */
function everythingIn(corpus: string): string {
  const names = readdirSync(corpus).filter((name) => name !== keptSourcesName);
  const texts = names.map((name) => {
    const bytes = readFileSync(join(corpus, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  });
  return texts.join('\n');
}

const namesIn = (corpus: string) => [...new PreparedCorpus(corpus).train].map(({ id }) => id);

it('takes out every dialogue in which a person takes part, and their samples', async () => {
  const corpus = await preparedOf(chatsOf(dialogues), { learn: ['Bob', 'Cara', 'Ann', 'Dan'] });
  const kept = namesIn(corpus).slice(1);
  const translations = join(root, `.${basename(corpus)}.translations`);
  writeFileSync(translations, '');
  mkdirSync(join(corpus, 'tokens'));
  assert.ok(existsSync(join(corpus, keptSourcesName)));
  const { forgotten, left, sources } = await forget(corpus, asked({ speaker: ['bob'] }));
  assert.deepEqual(forgotten, { train: 1, eval: 0, rejected: 1 });
  assert.deepEqual(left, { train: 3, eval: 0, rejected: 0 });
  assert.deepEqual(sources.length, 1);
  assert.deepEqual(namesIn(corpus), kept);
  const everything = everythingIn(corpus);
  assert.doesNotMatch(everything, /turquoise|parcel|"Bob"/);
  for (const path of [translations, join(corpus, 'tokens'), join(corpus, keptSourcesName)])
    assert.equal(existsSync(path), false, path);
  // This cannot be found by who speaks.
  assert.match(everything, /Did Bob call/);
  for (const name of readdirSync(corpus)) assert.equal(statSync(join(corpus, name)).mode & 0o077, 0);
});

it('finds people in a corpus without names', async () => {
  const corpus = await preparedOf(chatsOf(dialogues), { redact: 'pii' });
  assert.deepEqual((await forget(corpus, asked({ speaker: ['Bob'] }))).forgotten, {
    train: 1,
    eval: 0,
    rejected: 1,
  });
  const [line = ''] = new PreparedCorpus(corpus).trainLines;
  const [pseudonym = ''] = /person-\w+/.exec(line) ?? [];
  assert.ok((await forget(corpus, asked({ speaker: [pseudonym] }))).forgotten.train > 0);
});

it('needs the secret of the corpus, wherever it is now', async () => {
  const secret = join(root, 'secret.txt');
  writeFileSync(secret, 'a long random text');
  const corpus = await preparedOf(chatsOf(dialogues), { redact: 'pii', redactKey: secret });
  rmSync(secret);
  await assert.rejects(forget(corpus, asked({ speaker: ['Bob'] })), /redactKey/);
  const moved = join(root, 'moved.txt');
  writeFileSync(moved, 'a long random text');
  assert.equal((await forget(corpus, asked({ speaker: ['Bob'], redactKey: moved }))).forgotten.train, 1);
});

it('forgets under all names: aliases, and other names with the same id', async () => {
  const renamed = [
    [said('Ann', 'One?'), said('Bob', 'Two', 'u7')],
    [said('Ann', 'Three?'), said('Robert', 'Four', 'u7')],
    [said('Ann', 'Five?'), said('Bobby', 'Six')],
    [said('Ann', 'Seven?'), said('Cara', 'Eight')],
  ];
  const byId = await preparedOf(chatsOf(renamed));
  assert.equal((await forget(byId, asked({ speaker: ['Bob'] }))).left.train, 2);
  const given = await preparedOf(chatsOf(renamed));
  const alias = ['Bobby=Bob'];
  assert.equal((await forget(given, asked({ speaker: ['Bob'], alias }))).left.train, 1);
  const recorded = await preparedOf(chatsOf(renamed), { alias: ['Bobby=Rob'], redact: 'name' });
  assert.equal((await forget(recorded, asked({ speaker: ['Bobby'] }))).left.train, 3);
});

it('says that several people have the name', async () => {
  const namesakes = [
    [said('Ann', 'One?'), said('Bob', 'Two', 'u7')],
    [said('Ann', 'Three?'), said('Bob', 'Four', 'u8')],
    [said('Ann', 'Five?'), said('Cara', 'Six')],
  ];
  const corpus = await preparedOf(chatsOf(namesakes));
  const { notes } = await forget(corpus, asked({ speaker: ['Bob'], dryRun: true }));
  assert.match(notes.join(), /2 ids have the name "Bob"/);
  assert.equal((await forget(corpus, asked({ speaker: ['u8'] }))).left.train, 2);
});

it('forgets what was made from a dialogue, and its other parts', async () => {
  const cut = [
    said('Ann', 'One?'),
    said('Bob', 'Two'),
    said('Ann', 'https://shop.example'),
    said('Cara', 'Four'),
    said('Ann', 'Five'),
  ];
  const corpus = await preparedOf(chatsOf([cut, ...dialogues.slice(3)]), { urls: true });
  const { trainLines, train, manifest } = new PreparedCorpus(corpus);
  const all = [...train];
  assert.equal(all.length, 4);
  const variant = (id: string, from = '') => {
    const [first] = all;
    assert.ok(first);
    const dialogue = { ...first.dialogue, turns: first.dialogue.turns.map(({ speaker, ...turn }) => turn) };
    return preparedLine({ id, dialogue, changedBy: [], augmented: { from, by: 'synonyms' } });
  };
  const lines = [
    ...trainLines,
    variant('aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'),
    variant('bbbbbbbbbbbbbbbb', all[0]?.id),
  ];
  await writeCorpus(corpus, { train: lines, evaluation: [], ledger: new Ledger(), manifest });
  const { forgotten, left } = await forget(corpus, asked({ speaker: ['Bob'] }));
  assert.deepEqual([forgotten.train, left.train], [4, 2]);
});

it('forgets a customer, but not what the same person answered to others, also when it is prepared again', async () => {
  const answer = (name: string, text: string): Said => ({ ...said(name, text), role: 'assistant' });
  const source = chatsOf([
    [said('Eve', 'Where is my turquoise parcel?', 'c1'), answer('Ann', 'On its way')],
    [said('Evelyn', 'Is it turquoise?', 'c1'), answer('Ann', 'Yes')],
    [said('Dan', 'Who are you?'), answer('Eve', 'I am the new agent')],
    [said('Dan', 'Who was that?'), answer('Ann', 'Eve')],
  ]);
  for (const redact of ['none', 'name']) {
    const corpus = await preparedOf(source, { redact }, `${source}-${redact}`);
    const { forgotten, left } = await forget(corpus, asked({ customer: ['eve'] }));
    assert.deepEqual([forgotten.train, left.train], [2, 2]);
    await preparedOf(source, { redact, seed: 7 }, corpus);
    assert.equal(namesIn(corpus).length, 2);
    assert.doesNotMatch(everythingIn(corpus), /turquoise/);
    assert.deepEqual((await forget(corpus, asked({ customer: ['Eve'] }))).forgotten.train, 0);
    await assert.rejects(forget(corpus, asked({ customer: ['Ann'] })), /no customer in/);
    assert.equal((await forget(corpus, asked({ speaker: ['Eve'] }))).left.train, 1);
  }
});

it('forgets dialogues with a text as it is written, not with a pattern', async () => {
  const corpus = await preparedOf(chatsOf(dialogues));
  await assert.rejects(forget(corpus, asked({ match: ['did .*'] })), { code: 'speaker-unknown' });
  const { forgotten } = await forget(corpus, asked({ match: ['did  BOB'] }));
  assert.deepEqual(forgotten, { train: 1, eval: 0, rejected: 0 });
});

it('changes nothing in a dry run, or for a name that nobody has', async () => {
  const corpus = await preparedOf(chatsOf(dialogues));
  const before = everythingIn(corpus);
  assert.equal((await forget(corpus, asked({ speaker: ['Bob'], dryRun: true }))).forgotten.train, 1);
  await assert.rejects(forget(corpus, asked({ speaker: ['Bobb'] })), { code: 'speaker-unknown' });
  assert.equal(everythingIn(corpus), before);
});

it('keeps the forgotten out when the corpus is prepared again, and can be repeated', async () => {
  const source = chatsOf(dialogues);
  const corpus = await preparedOf(source, { redact: 'name' });
  await forget(corpus, asked({ speaker: ['Bob'] }));
  await preparedOf(source, { redact: 'name', seed: 7 }, corpus);
  assert.equal(namesIn(corpus).length, 3);
  await preparedOf(source, {}, corpus);
  assert.equal(namesIn(corpus).length, 3);
  assert.doesNotMatch(everythingIn(corpus), /turquoise/);
  const again = await forget(corpus, asked({ speaker: ['Bob'] }));
  assert.deepEqual(again.forgotten, { train: 0, eval: 0, rejected: 0 });
});

it('leaves the corpus as it is if another program changes it', async () => {
  const source = chatsOf(dialogues);
  const corpus = await preparedOf(source);
  const forgetting = forget(corpus, asked({ speaker: ['Bob'] }));
  writeFileSync(join(corpus, 'manifest.json'), readFileSync(join(corpus, 'manifest.json'), 'utf8').trimEnd());
  await assert.rejects(forgetting, { code: 'output-folder-locked' });
  assert.match(everythingIn(corpus), /turquoise/);
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('.')),
    [],
  );
});
