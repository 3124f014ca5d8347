// `chatbot-data inspect --suspicious` and `prepare --suspicious --drop-suspicious`: the replies that a model finds unlikely are
// listed, and no longer learned.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { asyncRefusal } from '../../../test/refusal.js';
import { makeTinyModel, scratchFolder } from '../../../test/tiny-run.js';
import type { Given } from '../../config/schema.js';
import { parsePrepared } from '../../corpus/prepared/prepared-dialogue.js';
import { inspectCommand } from './inspect.js';
import { prepareCommand } from './prepare.js';

const root = scratchFolder('drop-suspicious');
const model = makeTinyModel(join(root, 'model'));
const source = join(root, 'chats.jsonl');
writeFileSync(
  source,
  Array.from({ length: 20 }, (_, index) =>
    JSON.stringify({
      turns: [`hello ${index}`, `one ${'abcdefghij'[index % 10]} two`, `three ${index * 7}`],
    }),
  ).join('\n'),
);

const wordsOf = (flags: Readonly<Record<string, unknown>>) =>
  Object.entries({ device: 'cpu', threads: 2, quiet: true, ...flags }).map(
    ([key, value]) => [key, { value, where: 'on the command line' }] as const,
  );

async function inspected(flags: Readonly<Record<string, unknown>>): Promise<string> {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const given = new Map<never, Given>(wordsOf({ paths: [source], ...flags }) as never);
  assert.equal(await inspectCommand(given, { stdout, stderr: new PassThrough() }), 0);
  return String(stdout.read());
}

async function prepared(name: string, flags: Readonly<Record<string, unknown>>) {
  const out = join(root, name);
  const given = new Map<string, Given>(wordsOf({ paths: [source], out, evalRatio: 0, ...flags }));
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  assert.equal(await prepareCommand(given, streams), 0);
  const linesOf = (text: string) => text.split('\n').slice(0, -1);
  const train = gunzipSync(readFileSync(join(out, 'train.jsonl.gz'))).toString();
  return {
    train,
    dialogues: linesOf(train).map((line) => parsePrepared(line, out)),
    rejected: linesOf(readFileSync(join(out, 'rejected.jsonl'), 'utf8')),
    report: readFileSync(join(out, 'report.html'), 'utf8'),
    manifest: JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')),
  };
}

const places = (replies: readonly { source: string; turn: number }[]) =>
  replies.map(({ source, turn }) => `${source} ${turn}`);

test('inspect lists the least and the most likely replies with their places', async () => {
  const { suspicious } = JSON.parse(await inspected({ suspicious: model, top: 40, json: true }));
  assert.deepEqual([suspicious.model, suspicious.replies], [model, 40]);
  const scores = suspicious.highest.map(({ score }: { score: number }) => score);
  assert.deepEqual(
    scores,
    [...scores].sort((one, other) => other - one),
  );
  assert.equal(new Set(places(suspicious.highest)).size, 40);
  const [first] = suspicious.highest;
  const texts = JSON.parse(
    readFileSync(source, 'utf8').split('\n')[Number(first.source.split(':').at(-1)) - 1] ?? '',
  ).turns;
  assert.deepEqual([first.before, first.text], texts.slice(first.turn - 2, first.turn));
  const text = await inspected({ suspicious: model, top: 3 });
  assert.match(text, /replies of 40 that .*model finds least likely\nscore {3}loss {2}reply\n/);
  assert.ok(text.includes(`(${first.source}, turn ${first.turn})`));
});

test('prepare does not learn the share of replies that is least likely, and drops dialogues without another', async () => {
  const { dialogues, rejected, report, manifest } = await prepared('dropped', {
    suspicious: model,
    dropSuspicious: 0.5,
    top: 20,
  });
  const { suspicious } = JSON.parse(await inspected({ suspicious: model, top: 20, json: true }));
  const unlearned = dialogues.flatMap(({ dialogue: { turns, source } }) =>
    [1, 2].filter((turn) => turns[turn]?.supervised === false).map((turn) => `${source} ${turn + 1}`),
  );
  const dropped = rejected.map((line) => JSON.parse(line));
  assert.ok(dropped.length > 0 && unlearned.length > 0);
  for (const { dropped_by: rule, reason } of dropped)
    assert.deepEqual([rule, reason], ['suspicious', 'the model finds every reply unlikely']);
  const all = [...unlearned, ...dropped.flatMap(({ source }) => [`${source} 2`, `${source} 3`])];
  assert.deepEqual(all.sort(), places(suspicious.highest).sort());
  assert.deepEqual(manifest.rules.suspicious, {
    changed: unlearned.length,
    dropped: { 'the model finds every reply unlikely': dropped.length },
  });
  assert.match(
    report,
    /<h2>Suspicious replies<\/h2>[^<]*<p[^>]*>[^<]* The 20 least likely replies are not learned\./,
  );
  const [first] = dialogues.filter(({ changedBy }) => changedBy.includes('suspicious'));
  assert.ok(first && report.includes(`<code>${first.id}</code>`));
});

test('without a share, the replies are listed and all are learned', async () => {
  const { train, report } = await prepared('listed', { suspicious: model });
  assert.equal(train, (await prepared('plain', { device: 'auto' })).train);
  assert.match(report, /<h2>Suspicious replies<\/h2>/);
});

test('the same model and sources give the same corpus', async () => {
  const flags = { suspicious: model, dropSuspicious: 0.2 };
  assert.deepEqual(await prepared('one', flags), await prepared('other', flags));
});

test('a share without a model, and a run that has not finished, are refused', async () => {
  const refused = (fault: 'usage' | 'model', flags: Readonly<Record<string, unknown>>) =>
    asyncRefusal(fault, () => prepared('refused', flags));
  assert.match(await refused('usage', { dropSuspicious: 0.1 }), /name it with --suspicious$/);
  mkdirSync(join(root, 'run'));
  writeFileSync(join(root, 'run', 'metrics.jsonl'), '');
  assert.match(await refused('model', { suspicious: join(root, 'run') }), /has not saved a model yet/);
});
