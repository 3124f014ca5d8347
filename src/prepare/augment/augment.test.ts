// Augmenting a prepared corpus, from folder to folder.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { disksCanBeMounted, fillDisk, withDisk } from '../../../test/small-disk.js';
import { folderMaker } from '../../../test/written-files.js';
import { augmentStageOptions } from '../../config/augment-options.js';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions } from '../../config/schema.js';
import { trainOptions } from '../../config/train-options.js';
import type { Conversations } from '../../corpus/conversations.js';
import { parsePrepared } from '../../corpus/prepared/prepared-dialogue.js';
import { sha256 } from '../../files/checksums.js';
import { OpenCorpora } from '../../train/corpora.js';
import { prepare } from '../prepare.js';
import { ruleOptions } from '../rules.js';
import { augment } from './augment.js';
import { augmenterOptions } from './augmenters.js';

const root = mkdtempSync(join(tmpdir(), 'augment-'));
after(() => rmSync(root, { recursive: true }));
const folderOf = folderMaker(root);

const given = (values: Readonly<Record<string, unknown>>) =>
  new Map(Object.entries(values).map(([key, value]) => [key, { value, where: 'in a test' }]));

async function preparedCorpus(changed: Readonly<Record<string, unknown>> = {}) {
  const questions = Array.from({ length: 20 }, (_, index) => `Where is order ${index}?,It is on its way`);
  const source = folderOf({ 'faq.csv': `question,answer\n${questions.join('\n')}\n` });
  const out = join(source, 'corpus');
  const options = completeOptions(stageOptions, [given({ evalRatio: 0.2, ...changed }) as never]);
  await prepare([join(source, 'faq.csv')], out, options, completeOptions(ruleOptions, []));
  return out;
}

async function preparedAgain(corpus: string, changed: Readonly<Record<string, unknown>>) {
  const out = join(folderOf(), 'again');
  const options = completeOptions(stageOptions, [given(changed) as never]);
  await prepare([corpus], out, options, completeOptions(ruleOptions, []));
  return out;
}

async function augmented(
  corpus: string,
  values: Readonly<Record<string, unknown>>,
  out = join(folderOf({}), 'augmented'),
) {
  const {
    corpus: _,
    out: __,
    force,
    config,
    json,
    quiet,
    ...options
  } = completeOptions(augmentStageOptions, []);
  const { manifest } = await augment(
    corpus,
    out,
    options,
    completeOptions(augmenterOptions, [given(values)]),
    { signal: new AbortController().signal, note: () => {} },
  );
  return { out, manifest };
}

const linesIn = (path: string) => gunzipSync(readFileSync(path)).toString().split('\n').slice(0, -1);

it('adds marked dialogues and keeps the others as they are', async () => {
  const corpus = await preparedCorpus();
  const templates = join(
    folderOf({
      'templates.yaml':
        'lists:\n  day: [today, tomorrow]\ntemplates:\n- turns:\n  - Open {day}?\n  - Yes, {day}.\n',
    }),
    'templates.yaml',
  );
  const { out, manifest } = await augmented(corpus, { templates });
  const before = linesIn(join(corpus, 'train.jsonl.gz'));
  const lines = linesIn(join(out, 'train.jsonl.gz'));
  assert.deepEqual(lines.slice(0, before.length), before);
  assert.deepEqual(linesIn(join(out, 'eval.jsonl.gz')), linesIn(join(corpus, 'eval.jsonl.gz')));
  const added = lines.slice(before.length).map((line) => parsePrepared(line, 'a line'));
  assert.deepEqual(added.map(({ dialogue }) => dialogue.turns.map(({ text }) => text)).sort(), [
    ['Open today?', 'Yes, today.'],
    ['Open tomorrow?', 'Yes, tomorrow.'],
  ]);
  for (const { augmented: mark } of added)
    assert.deepEqual(mark, { from: `${templates}:4`, by: 'templates' });
  assert.deepEqual(manifest.dialogues, { train: before.length + 2, eval: 4 });
  assert.equal(manifest.augmentations?.[0]?.made.templates?.dialogues, 2);
});

it('names all files that augmenters read with their hashes, also those that templates name', async () => {
  const yaml = 'lists:\n  day: {file: days.txt}\ntemplates:\n- turns: ["Open {day}?", "Yes, {day}."]\n';
  const folder = folderOf({ 'templates.yaml': yaml, 'days.txt': 'today\n', 'mine.csv': 'order,parcel\n' });
  const [templates, synonymFile] = [join(folder, 'templates.yaml'), join(folder, 'mine.csv')];
  const corpus = await preparedCorpus();
  const { manifest } = await augmented(corpus, { templates, synonyms: 1, synonymFile: [synonymFile] });
  const record = (key: string, path: string, text: string) => ({
    option: key,
    path,
    bytes: text.length,
    sha256: sha256(text),
  });
  assert.deepEqual(manifest.augmentations?.[0]?.files, [
    record('synonymFile', synonymFile, 'order,parcel\n'),
    record('templates', templates, yaml),
    record('templates', join(folder, 'days.txt'), 'today\n'),
  ]);
});

it('refuses what is not a prepared corpus, and to do nothing', async () => {
  await assert.rejects(augmented(folderOf({ 'faq.csv': 'question,answer\nHi,Hello\n' }), {}), {
    code: 'corpus-not-prepared',
  });
  await assert.rejects(augmented(await preparedCorpus(), {}), {
    code: 'options-conflict',
    message: /^nothing says how to augment the corpus; add .*templates/,
  });
});

const templatesFile = () =>
  join(
    folderOf({
      'templates.yaml':
        'lists:\n  day: [today, tomorrow, on Sunday]\ntemplates:\n- turns:\n  - Open {day}?\n  - Yes, {day}.\n',
    }),
    'templates.yaml',
  );

it('makes what no training evaluates on, even if it sets dialogues aside itself', async () => {
  const { out } = await augmented(await preparedCorpus({ evalRatio: 0 }), { templates: templatesFile() });
  for (const data of [out, join(out, 'train.jsonl.gz')])
    for (let seed = 0; seed < 5; seed++) {
      const options = { ...completeOptions(trainOptions, []), data: [data], evalRatio: 0.5, seed };
      const { train, evaluation } = new OpenCorpora(options).of(null);
      const textsOf = (side: Conversations) =>
        side
          .several(Array.from({ length: side.length }, (_, index) => index))
          .map(({ turns }) => turns[0]?.text);
      assert.equal(textsOf(train).filter((text) => text?.startsWith('Open')).length, 3);
      assert.ok(textsOf(evaluation).every((text) => text?.startsWith('Where')));
    }
});

it('makes what stays marked when the corpus is prepared again, also under another id', async () => {
  const { out } = await augmented(await preparedCorpus({ evalRatio: 0 }), { templates: templatesFile() });
  const again = await preparedAgain(out, { evalRatio: 0.2, dedupe: 'near', redact: 'pii' });
  const lines = linesIn(join(again, 'train.jsonl.gz')).map((line) => parsePrepared(line, 'a line'));
  assert.equal(lines.filter(({ augmented: mark }) => mark?.by === 'templates').length, 3);
  assert.ok(linesIn(join(again, 'eval.jsonl.gz')).every((line) => !line.includes('augmented_by')));
  const idsOf = (folder: string) =>
    linesIn(join(folder, 'train.jsonl.gz')).map((line) => parsePrepared(line, 'a line').id);
  const before = new Set(idsOf(out));
  assert.ok(idsOf(again).every((id) => !before.has(id)));
  const kept = await preparedAgain(out, { evalRatio: 0.2 });
  assert.ok(idsOf(kept).every((id) => before.has(id)));
});

it('leaves out what the corpus says already, and what is like a dialogue that is evaluated on', async () => {
  const numbers = Array.from({ length: 20 }, (_, n) => n).join(', ');
  const yaml = `lists:\n  n: [${numbers}]\ntemplates:\n- turns: ["Where is order {n}?", It is on its way]\n`;
  const templates = join(folderOf({ 'templates.yaml': yaml }), 'templates.yaml');
  const { manifest } = await augmented(await preparedCorpus(), { templates });
  assert.deepEqual(manifest.augmentations?.[0]?.made.templates, {
    dialogues: 0,
    turns: 0,
    refused: {},
    dropped: { 'the same as another dialogue': 16, 'similar to a dialogue that is evaluated on': 4 },
  });
});

if (disksCanBeMounted)
  it('says in one sentence that the disk is full, and leaves the older corpus as it was', () =>
    withDisk('size=512k', async (disk) => {
      const corpus = await preparedCorpus();
      const out = join(disk, 'augmented');
      await augmented(corpus, { templates: templatesFile() }, out);
      const filesIn = () =>
        readdirSync(out).map((name) => [name, readFileSync(join(out, name)).toString('hex')]);
      const before = filesIn();
      const filler = fillDisk(disk);
      const full = {
        code: 'cannot-save',
        message: /^cannot save \S+: the disk is full; free some space or choose another folder$/,
      };
      await assert.rejects(augmented(corpus, { templates: templatesFile() }, out), full);
      await assert.rejects(augmented(corpus, { templates: templatesFile() }, join(disk, 'other')), full);
      assert.deepEqual(filesIn(), before);
      rmSync(filler);
      assert.deepEqual(readdirSync(disk), ['augmented']);
    }));
