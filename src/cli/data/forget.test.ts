// `chatbot-data explain` and `chatbot-data forget` from flags to what they print.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import type { Given } from '../../config/schema.js';
import { corpusHash, recordTraining } from '../../corpus/prepared/trained-models.js';
import { explainCommand } from './explain.js';
import { forgetCommand } from './forget.js';
import { prepareCommand } from './prepare.js';
import type { Streams } from './reading.js';

const root = mkdtempSync(join(tmpdir(), 'forget-command-'));
after(() => rmSync(root, { recursive: true }));
const source = join(root, 'chats.jsonl');
const corpus = join(root, 'corpus');

type Command = (given: ReadonlyMap<never, Given>, streams: Streams) => Promise<number>;

async function run(command: Command, options: Readonly<Record<string, unknown>>) {
  const given = Object.entries(options).map(([key, value]) => [key, { value, where: 'in a test' }] as const);
  const [stdout, stderr] = [new PassThrough({ encoding: 'utf8' }), new PassThrough({ encoding: 'utf8' })];
  assert.equal(await command(new Map(given) as never, { stdout, stderr }), 0);
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

before(async () => {
  const said = (name: string, content: string) => ({ role: 'user', name, content });
  const dialogues = [
    [said('Ann', 'Where is the parcel?'), said('Bob', 'At the &quot;turquoise&quot; door')],
    [said('Ann', 'Where is the parcel?'), said('Bob', 'At the "turquoise" door')],
    [said('Ann', 'Did Bob call?'), said('Cara', 'Not\u202e today')],
  ];
  writeFileSync(source, dialogues.map((messages) => `${JSON.stringify({ messages })}\n`).join(''));
  await run(prepareCommand, { paths: [source], out: corpus, evalRatio: 0 });
});

test('explain finds ids by words', async () => {
  const { stdout } = await run(explainCommand, { corpusAndIds: [corpus], text: 'DOOR turquoise' });
  assert.match(
    stdout,
    /^[\da-f]{16} {2}train {5}\S+:1 {2}Where is the parcel\? \/ At the "turquoise" door\n[\da-f]{16} {2}rejected .*\n$/,
  );
  assert.equal(
    (await run(explainCommand, { corpusAndIds: [corpus], text: 'nowhere' })).stdout,
    'no dialogue has all these words\n',
  );
});

test('explain shows the way of dialogues, for people and for machines', async () => {
  const found = JSON.parse(
    (await run(explainCommand, { corpusAndIds: [corpus], text: 'door', json: true })).stdout,
  );
  const [first, second] = found.dialogues;
  const { stdout } = await run(explainCommand, { corpusAndIds: [corpus, first.id, second.id] });
  assert.equal(
    stdout,
    `dialogue     ${first.id}
source       ${source}:1
place        train: it is learned
changed by   html-entities
repeated by  ${second.id}, which were dropped

html-entities
  - Bob: At the &quot;turquoise&quot; door
  + Bob: At the "turquoise" door

in the corpus
    Ann: Where is the parcel?
    Bob: At the "turquoise" door

dialogue  ${second.id}
source    ${source}:2
place     rejected by duplicates: the same as ${first.id} (train, ${source}:1)

as it was rejected
    Ann: Where is the parcel?
    Bob: At the "turquoise" door
`,
  );
  const explained = await run(explainCommand, { corpusAndIds: [corpus, first.id], json: true });
  const { history, duplicates } = JSON.parse(explained.stdout);
  assert.deepEqual([history.known, history.steps[0].rule, duplicates], [true, 'html-entities', [second.id]]);
});

test('explain needs a corpus and a dialogue', async () => {
  await assert.rejects(run(explainCommand, { corpusAndIds: [corpus] }), { code: 'data-not-named' });
  await assert.rejects(run(explainCommand, { corpusAndIds: [root, 'abc'] }), { code: 'corpus-not-prepared' });
});

test('forget names the models that still hold what was said', async () => {
  const results = join(root, 'results');
  recordTraining([corpus], join(results, 'recorded'));
  appendFileSync(
    join(corpus, 'models.jsonl'),
    `${JSON.stringify({ folder: '/gone', date: '2026-01-02T03:04:05Z', corpus: 'other' })}\n`,
  );
  const checkpoint = join(results, 'more', 'unrecorded', 'checkpoint-4');
  mkdirSync(checkpoint, { recursive: true });
  mkdirSync(join(results, 'recorded'));
  writeFileSync(join(checkpoint, 'training_args.json'), JSON.stringify({ data: [corpus], evalData: [] }));
  const hash = corpusHash(corpus);
  const options = { corpus, speaker: ['Bob'], models: [results] };
  const dry = await run(forgetCommand, { ...options, dryRun: true, json: true });
  assert.deepEqual(JSON.parse(dry.stdout), {
    corpus,
    forgotten: { train: 1, eval: 0, rejected: 1 },
    left: { train: 1, eval: 0, rejected: 0 },
    models: [
      {
        folder: join(results, 'recorded'),
        date: JSON.parse(dry.stdout).models[0].date,
        current: true,
        exists: true,
      },
      { folder: '/gone', date: '2026-01-02T03:04:05Z', current: false, exists: false },
      { folder: resolve(results, 'more', 'unrecorded'), date: null, current: null, exists: true },
    ],
    sources: [source],
    dry_run: true,
  });
  assert.equal(corpusHash(corpus), hash);
  const { stdout, stderr } = await run(forgetCommand, options);
  assert.equal(
    stdout,
    `${corpus}: forgot 2 dialogues (1 to train on, 0 to evaluate on, 1 rejected); 1 dialogues to train on and 0 to evaluate on are left\n`,
  );
  assert.match(
    stderr,
    /recorded was trained on \S+ on this corpus and still holds what it learned; train it again/,
  );
  assert.match(stderr, /\/gone was trained on 2026-01-02 on an earlier state of this corpus/);
  assert.match(stderr, new RegExp(`the sources still hold what was said: ${source}`));
  await assert.rejects(run(forgetCommand, { corpus, speaker: ['Eve'] }), {
    code: 'speaker-unknown',
    message: /nobody in \S+ has the name or id "Eve", so nothing was changed/,
  });
});

test('forget needs somebody to forget, and folders that exist', async () => {
  await assert.rejects(run(forgetCommand, { corpus }), { code: 'data-not-named' });
  await assert.rejects(run(forgetCommand, { corpus, match: [' '] }), { code: 'option-invalid' });
  await assert.rejects(run(forgetCommand, { corpus, speaker: ['Bob'], models: [join(root, 'none')] }), {
    code: 'option-invalid',
  });
});
