// The data card of a prepared corpus: in manifest.json, report.html and README.md.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { parse } from 'yaml';
import { folderMaker } from '../../../test/written-files.js';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions } from '../../config/schema.js';
import { readCorpus } from '../../corpus/read-corpus.js';
import { forget } from '../forget/forget.js';
import { prepare } from '../prepare.js';
import { ruleOptions } from '../rules.js';
import { licencesOf } from './licences.js';

const root = mkdtempSync(join(tmpdir(), 'card-'));
after(() => rmSync(root, { recursive: true }));
const folderOf = folderMaker(root);

const chats = `${[
  ['Ann', '你好，请问有什么可以帮您的吗', 'Bob', '我想查一下我的订单什么时候到', '2024-05-01T08:00:00Z'],
  ['Ann', '您的订单明天就会送到您家里', 'Cara', '好的谢谢你，那我明天在家等', '2024-06-02T08:00:00Z'],
]
  .map(([one, first, other, second, time]) =>
    JSON.stringify({
      messages: [
        { role: 'user', name: one, content: first, time },
        { role: 'assistant', name: other, content: second, time },
      ],
    }),
  )
  .join('\n')}\n`;

async function preparedOf(path: string, changed: Readonly<Record<string, unknown>> = {}) {
  const out = join(folderOf(), 'corpus');
  const given = new Map(
    Object.entries({ evalRatio: 0, ...changed }).map(([key, value]) => [key, { value, where: 'in a test' }]),
  );
  const options = completeOptions(stageOptions, [given as never]);
  const { manifest } = await prepare([path], out, options, completeOptions(ruleOptions, [given]));
  return { out, manifest };
}

function readmeOf(out: string) {
  const text = readFileSync(join(out, 'README.md'), 'utf8');
  const [, front = '', page = ''] = /^---\n(.*?)---\n(.*)$/s.exec(text) ?? [];
  return { front: parse(front), page };
}

it('counts what the corpus holds', async () => {
  const { out, manifest } = await preparedOf(folderOf({ 'chats.jsonl': chats }));
  assert.deepEqual(manifest.contents, {
    turns: 4,
    learnedTurns: 2,
    characters: 54,
    speakers: 3,
    augmentedDialogues: 0,
    from: '2024-05-01',
    to: '2024-06-02',
    languages: { zh: 1 },
  });
  assert.deepEqual(manifest.origin, { licences: [], note: null, formats: { messages: 1 } });
  assert.deepEqual(JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')), manifest);
  assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /<th>languages<\/th><td>zh 100%<\/td>/);
});

it('writes a card that the hub and its library read', async () => {
  const { out } = await preparedOf(folderOf({ 'chats.jsonl': chats }), {
    evalRatio: 0.5,
    license: ['CC BY 4.0'],
  });
  const { front, page } = readmeOf(out);
  assert.deepEqual(front, {
    language: ['zh'],
    license: 'cc-by-4.0',
    task_categories: ['text-generation'],
    tags: ['conversational'],
    size_categories: ['n<1K'],
    configs: [
      {
        config_name: 'default',
        data_files: [
          { split: 'train', path: 'train.jsonl.gz' },
          { split: 'validation', path: 'eval.jsonl.gz' },
        ],
      },
    ],
  });
  assert.match(page, /all sources of 1: CC BY 4\.0\n/);
  // The card is no conversation.
  assert.equal(readCorpus([out]).dialogues.length, 1);
});

it('holds no text of dialogues, no name and no path', async () => {
  const { out } = await preparedOf(folderOf({ 'chats.jsonl': chats }), {
    redact: 'pii',
    note: 'Ask the shop.',
  });
  const { page } = readmeOf(out);
  assert.doesNotMatch(page, /订单|Ann|Bob|chats\.jsonl/);
  assert.match(page, /## Note\n\nAsk the shop\.\n/);
  assert.match(page, /Replaced: `pii`, by `placeholder`/);
});

it('knows licences by the option, the record of a download, and files in a folder', async () => {
  const record = {
    name: 'a',
    title: 'A corpus',
    licence: 'Apache-2.0',
    home: 'https://a.example',
    files: [{ path: 'chats.jsonl' }],
  };
  const folder = folderOf({
    'chats.jsonl': chats,
    'other.jsonl': chats,
    '.source.json': JSON.stringify(record),
    'LICENSE.txt': '\n  The Licence <b>of</b> chats\nmore\n',
    'licensed.jsonl': chats,
  });
  const downloaded = { licence: 'Apache-2.0 (A corpus, https://a.example)', from: 'download' };
  assert.deepEqual(licencesOf([folder], [`${folder}/=MIT`]), [
    { source: folder, licence: 'MIT', from: 'option' },
    { source: folder, ...downloaded },
    { source: folder, licence: 'LICENSE.txt: The Licence <b>of</b> chats', from: 'file' },
  ]);
  const file = join(folder, 'chats.jsonl');
  assert.deepEqual(licencesOf([file, join(folder, 'other.jsonl')], []), [{ source: file, ...downloaded }]);
  for (const wrong of ['', 'none.csv=MIT', `${folder}=`])
    assert.throws(() => licencesOf([folder], [wrong]), { code: 'option-invalid' });
  const { out } = await preparedOf(folder, { maxBadRatio: 1 });
  const { front, page } = readmeOf(out);
  assert.equal(front.license, 'apache-2.0');
  assert.match(page, /LICENSE\.txt: The Licence \\<b\\>of\\<\/b\\> chats, a file of the source/);
});

it('is counted anew when people are forgotten', async () => {
  const { out } = await preparedOf(folderOf({ 'chats.jsonl': chats }));
  await forget(out, { customer: [], speaker: ['Bob'], match: [], alias: [], redactKey: null, dryRun: false });
  const { contents } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  assert.deepEqual([contents.turns, contents.speakers, contents.from], [2, 2, '2024-06-02']);
});
