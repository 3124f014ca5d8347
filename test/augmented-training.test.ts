// A prepared corpus is augmented by the example of templates and by synonyms, and a model is trained on it.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { augmentCommand } from '../src/cli/data/augment.js';
import { prepareCommand } from '../src/cli/data/prepare.js';
import type { Given } from '../src/config/schema.js';
import { parsePrepared } from '../src/corpus/prepared/prepared-dialogue.js';
import { repositoryRoot } from './repository.js';
import { makeTinyModel, scratchFolder } from './tiny-run.js';
import { trainHere } from './train-here.js';

const root = scratchFolder('augmented-training');

type Command = (given: ReadonlyMap<string, Given>, streams: Streams) => Promise<number>;
type Streams = Readonly<Record<'stdout' | 'stderr', PassThrough>>;

/** What a command prints on stdout. */
async function printed(command: Command, given: Readonly<Record<string, unknown>>): Promise<string> {
  const streams = {
    stdout: new PassThrough({ encoding: 'utf8' }),
    stderr: new PassThrough({ encoding: 'utf8' }),
  };
  const flags = Object.entries(given).map(([key, value]) => [key, { value, where: 'in a test' }] as const);
  assert.equal(await command(new Map<string, Given>(flags), streams), 0, String(streams.stderr.read()));
  return String(streams.stdout.read());
}

const linesIn = (folder: string, name: string) =>
  gunzipSync(readFileSync(join(folder, name)))
    .toString()
    .split('\n')
    .slice(0, -1);

async function preparedCorpus(evalRatio: number): Promise<string> {
  const folder = join(root, `corpus-${evalRatio}`);
  mkdirSync(folder);
  const source = join(folder, 'chats.jsonl');
  const dialogues = Array.from({ length: 40 }, (_, index) => ({
    messages: [
      { role: 'user', content: `I bought phone ${index} and want to purchase a car` },
      { role: 'assistant', content: `You bought number ${index}` },
    ],
  }));
  writeFileSync(source, dialogues.map((one) => JSON.stringify(one)).join('\n'));
  const out = join(folder, 'prepared');
  await printed(prepareCommand, { paths: [source], out, evalRatio, quiet: true });
  return out;
}

const ways = {
  templates: join(repositoryRoot, 'configs/templates.example.yaml'),
  templateDialogues: 30,
  synonyms: 1,
  json: true,
};

test('an augmented corpus has the same bytes again, and what was learned from stays as it is', async () => {
  const corpus = await preparedCorpus(0.2);
  const [one, other] = [join(root, 'one'), join(root, 'other')];
  const { made, train } = JSON.parse(await printed(augmentCommand, { corpus, out: one, ...ways }));
  await printed(augmentCommand, { corpus, out: other, ...ways });
  const lines = linesIn(one, 'train.jsonl.gz');
  assert.deepEqual(linesIn(other, 'train.jsonl.gz'), lines);
  for (const name of ['manifest.json', 'report.html', 'rejected.jsonl'])
    assert.deepEqual(readFileSync(join(other, name)), readFileSync(join(one, name)));
  const before = linesIn(corpus, 'train.jsonl.gz');
  assert.deepEqual(lines.slice(0, before.length), before);
  assert.equal(made.templates.dialogues, 30);
  assert.ok(made.synonyms.dialogues > 0);
  assert.equal(lines.length, train);
  assert.match(readFileSync(join(one, 'report.html'), 'utf8'), /<h2>Augmentation<\/h2>.*<th>synonyms<\/th>/s);

  const originals = new Map(before.map((line) => [parsePrepared(line, '').id, parsePrepared(line, '')]));
  const added = lines.slice(before.length).map((line) => parsePrepared(line, ''));
  for (const { dialogue, augmented } of added.filter(({ augmented: mark }) => mark?.by === 'synonyms')) {
    const original = originals.get(augmented?.from ?? '')?.dialogue;
    assert.deepEqual(dialogue.turns[1], original?.turns[1], 'the reply stays and is learned');
    assert.notEqual(dialogue.turns[0]?.text, original?.turns[0]?.text);
    assert.equal(dialogue.turns[0]?.supervised, false);
  }
});

test('a corpus that is augmented again is not varied from what was made', async () => {
  const corpus = join(root, 'one');
  const out = join(root, 'again');
  const { made } = JSON.parse(await printed(augmentCommand, { corpus, out, ...ways, copies: 2 }));
  assert.equal(made.templates.dropped['the same as another dialogue'], 30);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  assert.equal(manifest.augmentations.length, 2);
  const ids = new Set(linesIn(corpus, 'train.jsonl.gz').map((line) => parsePrepared(line, '').id));
  const originals = new Set([...ids].slice(0, 32));
  for (const line of linesIn(out, 'train.jsonl.gz')) {
    const { augmented } = parsePrepared(line, '');
    if (augmented?.by === 'synonyms') assert.ok(originals.has(augmented.from));
  }
});

test('a model is trained on an augmented corpus, and evaluated only on what people said', async () => {
  const out = join(root, 'trained');
  await printed(augmentCommand, { corpus: await preparedCorpus(0), out, ...ways });
  const { code, stderr } = await trainHere([
    ...[
      '--model',
      makeTinyModel(join(root, 'model')),
      '--data',
      out,
      '--max-steps',
      '3',
      '--eval-ratio',
      '0.2',
    ],
    ...['--max-length', '64', '--batch-size', '2', '--threads', '2', '--output-dir', join(root, 'run')],
  ]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /augmented dialogues left out, because the originals are evaluated on/);
});
