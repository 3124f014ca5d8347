// Preparing again: what is finished is taken as it is, and the corpus is the same as one that was prepared anew.

import assert from 'node:assert/strict';
import {
  appendFileSync,
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
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { disksCanBeMounted, fillDisk, withDisk } from '../../test/small-disk.js';
import { stageOptions } from '../config/prepare-options.js';
import { completeOptions } from '../config/schema.js';
import { keptSourcesName } from '../corpus/prepared/prepared-files.js';
import { readCorpus } from '../corpus/read-corpus.js';
import { lockFolder } from '../files/folder-lock.js';
import { prepare } from './prepare.js';
import { ruleOptions } from './rules.js';
import type { PrepareEvent } from './source-progress.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kept-sources-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const inRoot = (name: string) => join(root, name);
const working = () => inRoot('.corpus.preparing');

/** Chats of different lengths, with something for rules and redaction in each. */
function written(name: string, dialogues = 30): string {
  const lines = Array.from({ length: dialogues }, (_, index) =>
    JSON.stringify({
      messages: [
        { role: 'user', name: 'Ann Miller', content: `Where is parcel ${index} of ${name} &amp; co?` },
        {
          role: 'assistant',
          name: 'Bob',
          content: index % 7 === 0 ? 'No idea' : `Ask ann${index}@shop.example`,
        },
      ],
    }),
  );
  writeFileSync(inRoot(name), `${lines.join('\n')}\n`);
  return inRoot(name);
}

async function prepared(
  paths: readonly string[],
  changed: Readonly<Record<string, unknown>> = {},
  { reuse = true, threads = 1, out = inRoot('corpus'), watch = (_: PrepareEvent) => {} } = {},
) {
  const given = new Map(Object.entries(changed).map(([key, value]) => [key, { value, where: 'in a test' }]));
  const options = completeOptions(stageOptions, [given as never]);
  const { paths: _, out: __, force, reuse: ___, config, json, quiet, ...settings } = options;
  return prepare(paths, out, settings, completeOptions(ruleOptions, [given]), undefined, {
    reuse,
    threads,
    watch,
  });
}

/** The bytes of the corpus, without what is kept. */
function contents(out = inRoot('corpus')): ReadonlyMap<string, string> {
  const names = readdirSync(out).filter((name) => name !== keptSourcesName);
  return new Map(names.sort().map((name) => [name, readFileSync(join(out, name), 'latin1')]));
}

/** Prepares without what is kept and checks that it gives the same bytes. */
async function assertAsAnew(paths: readonly string[], changed: Readonly<Record<string, unknown>> = {}) {
  const before = contents();
  assert.equal((await prepared(paths, changed, { reuse: false })).unchanged, 0);
  assert.deepEqual(contents(), before);
}

const keptFiles = () => readdirSync(join(inRoot('corpus'), keptSourcesName)).sort();

for (const changed of [{}, { redact: 'pii', learn: ['Bob'], maxReplyCount: 2 }])
  it(`takes unchanged sources as they are, ${'redact' in changed ? 'redacted' : 'not redacted'}`, async () => {
    const paths = [written('one.jsonl'), written('two.jsonl', 40)];
    const first = await prepared(paths, changed);
    const again = await prepared(paths, changed);
    assert.deepEqual([first.unchanged, again.unchanged], [0, 2]);
    assert.deepEqual(again.notes, first.notes);
    await assertAsAnew(paths, changed);
    assert.equal(existsSync(working()), false);
  });

it('prepares changed and new sources and no others', async () => {
  const [one, two, three] = ['one.jsonl', 'two.jsonl', 'three.jsonl'].map((name) => written(name));
  await prepared([one, two] as string[]);
  appendFileSync(String(two), '{"turns": ["A new", "dialogue"]}\n');
  const paths = [three, one, two] as string[];
  const { unchanged, manifest } = await prepared(paths);
  assert.equal(unchanged, 1);
  assert.equal(manifest.dialogues.train + manifest.dialogues.eval, 91);
  assert.equal(keptFiles().length, 3);
  await assertAsAnew(paths);
});

it('prepares everything when a setting or the content of a file that it names has changed', async () => {
  const [source, list] = [written('one.jsonl'), inRoot('words.txt')];
  writeFileSync(list, 'nothing\n');
  const unsafe = { dropUnsafe: true, unsafeWords: [list] };
  await prepared([source], unsafe);
  assert.equal((await prepared([source], { ...unsafe, evalRatio: 0.2, dedupe: 'near' })).unchanged, 1);
  assert.equal((await prepared([source], { ...unsafe, htmlEntities: false })).unchanged, 0);
  await prepared([source], unsafe);
  writeFileSync(list, 'idea\n');
  const { unchanged, manifest } = await prepared([source], unsafe);
  assert.equal(unchanged, 0);
  assert.equal(manifest.rules['drop-unsafe']?.dropped['a word of the lists'], 5);
});

it('prepares a named file again when a file that is read with it changes, comes or goes', async () => {
  const [lines, conversations] = [inRoot('movie_lines.txt'), inRoot('movie_conversations.txt')];
  const said = (reply: string) =>
    writeFileSync(
      lines,
      `L1 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ Ready?\nL2 +++$+++ u1 +++$+++ m0 +++$+++ BOB +++$+++ ${reply}\n`,
    );
  writeFileSync(conversations, "u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L1', 'L2']\n");
  said('Yes.');
  const first = await prepared([conversations], { evalRatio: 0 });
  const { size } = statSync(lines);
  assert.deepEqual(
    first.manifest.sources[0]?.readWith?.map(({ path, bytes }) => [path, bytes]),
    [[lines, size]],
  );
  assert.equal((await prepared([conversations], { evalRatio: 0 })).unchanged, 1);
  said('Nope');
  const again = await prepared([conversations], { evalRatio: 0 });
  assert.equal(again.unchanged, 0);
  assert.notDeepEqual(again.manifest.sources, first.manifest.sources);
  await assertAsAnew([conversations], { evalRatio: 0 });
  const both = await prepared([conversations, lines, `${root}/./movie_lines.txt`], { evalRatio: 0 });
  assert.deepEqual([both.manifest.sources, both.unchanged], [again.manifest.sources, 1]);
  assert.match(
    both.notes.join(),
    /movie_lines\.txt is read together with \S+conversations\.txt, as one source/,
  );
  const twice = await prepared([lines, lines], { evalRatio: 0, dedupe: 'none' });
  assert.equal(twice.manifest.dialogues.train, 1);
  assert.match(twice.notes.join(), /movie_lines\.txt is named more than once and read once/);
  rmSync(lines);
  await assert.rejects(prepared([conversations], { evalRatio: 0 }));
  said('Nope');
  assert.equal((await prepared([lines], { evalRatio: 0 })).unchanged, 1);
});

for (const kind of ['file', 'folder'])
  it(`keeps nothing of a ${kind} that changes while it is read, and says so`, async () => {
    mkdirSync(inRoot('chats'));
    const file = written('chats/one.jsonl');
    const source = kind === 'file' ? file : inRoot('chats');
    let isWritten = false;
    const watch = () => {
      if (!isWritten) appendFileSync(file, '{"turns": ["A new", "dialogue"]}\n');
      isWritten = true;
    };
    const { manifest, notes } = await prepared([source], {}, { watch });
    assert.ok(notes.some((note) => note.startsWith(`${source} changed while it was read;`)));
    const [record] = manifest.sources;
    assert.deepEqual([record?.changedWhileRead, record?.bytes], [true, statSync(file).size]);
    assert.deepEqual(keptFiles(), []);
    const again = await prepared([source]);
    assert.deepEqual(
      [again.unchanged, again.manifest.dialogues.train + again.manifest.dialogues.eval],
      [0, 31],
    );
    const { changedWhileRead: _, ...asItIs } = record ?? {};
    assert.deepEqual(again.manifest.sources, [asItIs]);
  });

it('keeps a source whose content is the same although it was written again', async () => {
  const source = written('one.jsonl');
  const { manifest } = await prepared([source], {}, { watch: () => void written('one.jsonl') });
  assert.equal(manifest.sources[0]?.changedWhileRead, undefined);
  assert.equal((await prepared([source])).unchanged, 1);
});

it('notices what is damaged, and prepares that source again', async () => {
  const paths = [written('one.jsonl'), written('two.jsonl')];
  await prepared(paths);
  const before = contents();
  const [name = ''] = keptFiles();
  const path = join(inRoot('corpus'), keptSourcesName, name);
  const bytes = readFileSync(path);
  for (const damaged of [
    Buffer.from(bytes).fill(1, bytes.length >> 1, (bytes.length >> 1) + 1),
    bytes.subarray(0, -40),
    Buffer.alloc(0),
  ]) {
    rmSync(path);
    writeFileSync(path, damaged);
    assert.equal((await prepared(paths)).unchanged, 1);
    assert.deepEqual(contents(), before);
  }
});

it('goes on after an error with the sources that are finished', async () => {
  const [one, two] = [written('one.jsonl'), inRoot('two.jsonl')];
  writeFileSync(two, 'question\nwhat?\n');
  await assert.rejects(prepared([one, two]));
  assert.equal(existsSync(inRoot('corpus')), false);
  assert.equal(statSync(working()).mode & 0o077, 0);
  written('two.jsonl');
  assert.equal((await prepared([one, two])).unchanged, 1);
  assert.equal(existsSync(working()), false);
  await assertAsAnew([one, two]);
});

it('names in its error no speakers whom it does not know, and keeps nothing then', async () => {
  const [one, two] = [written('one.jsonl'), inRoot('two.jsonl')];
  writeFileSync(two, '{"messages": [{"name": "Cem", "content": "Hi"}, {"name": "Dan", "content": "Ho"}]}\n');
  const chosen = { redact: 'pii', learn: ['Dan'], evalRatio: 0 };
  await prepared([one, two], chosen);
  const error = await prepared([one], chosen).then(
    () => '',
    (thrown) => String(thrown.message),
  );
  assert.match(error, /names "Dan", but nobody has that name; chatbot-data speakers lists who speaks/);
  assert.equal(existsSync(working()), false);
});

it('tells how many bytes of the sources are read, and which stage it is in', async () => {
  const paths = [written('one.jsonl', 400), written('two.jsonl')];
  const bytes = paths.map((path) => statSync(path).size);
  const events: PrepareEvent[] = [];
  await prepared(paths, {}, { watch: (event) => events.push(event) });
  const done = events.flatMap((event) => (event.kind === 'sources' ? [event.done] : []));
  assert.deepEqual([...new Set(done)], [0, bytes[0], Number(bytes[0]) + Number(bytes[1])]);
  const stages = events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []));
  assert.deepEqual(
    [...new Set(stages)],
    ['equal', 'shingles', 'similar', 'dropping', 'rule', 'split', 'writing'],
  );
});

it('shows no reader what is kept, and keeps it private', async () => {
  await prepared([written('one.jsonl')], { evalRatio: 0 });
  assert.equal(readCorpus([inRoot('corpus')]).dialogues.length, 30);
  const kept = join(inRoot('corpus'), keptSourcesName);
  for (const path of [kept, ...keptFiles().map((name) => join(kept, name))])
    assert.equal(statSync(path).mode & 0o077, 0);
});

it('lets only one run at a time prepare a corpus', async () => {
  const source = written('one.jsonl');
  mkdirSync(working());
  const lock = lockFolder(working());
  await assert.rejects(prepared([source]), { code: 'output-folder-locked' });
  lock.release();
  await prepared([source]);
});

if (disksCanBeMounted)
  it('says in one sentence that the disk is full, and leaves no corpus', () =>
    withDisk('size=512k', async (disk) => {
      const source = written('one.jsonl', 500);
      const out = join(disk, 'corpus');
      mkdirSync(join(disk, '.corpus.preparing'));
      const filler = fillDisk(disk);
      await assert.rejects(prepared([source], {}, { out }), {
        code: 'cannot-save',
        message: /^cannot save \S+: the disk is full; free some space or choose another folder$/,
      });
      assert.equal(existsSync(out), false);
      rmSync(filler);
      await prepared([source], {}, { out });
      assert.deepEqual(contents(out).size, 6);
    }));
