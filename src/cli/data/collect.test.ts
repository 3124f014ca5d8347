// The commands crawl and download against a local server.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { FakeSite } from '../../../test/fake-site.js';
import { asyncRefusal } from '../../../test/refusal.js';
import { readCorpus } from '../../corpus/read-corpus.js';
import { crawlCommand } from './crawl.js';
import { downloadCommand } from './download.js';

const scratch = mkdtempSync(join(tmpdir(), 'collect-'));
after(() => rmSync(scratch, { recursive: true }));

let site: FakeSite;
let folder = '';
beforeEach(async () => {
  site = await new FakeSite().start();
  folder = mkdtempSync(join(scratch, 'run-'));
});
afterEach(() => site.stop());

const given = <Key extends string>(values: Readonly<Record<Key, unknown>>) =>
  new Map(
    Object.entries(values).map(([key, value]) => [key as Key, { value, where: 'on the command line' }]),
  );

/** A stream that keeps what is written to it. */
function kept() {
  const stream = new PassThrough() as PassThrough & { isTTY?: boolean };
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { stream, text: () => text };
}

describe('crawl', () => {
  const run = async (options: object = {}) => {
    const [stdout, stderr] = [kept(), kept()];
    const flags = given({ address: site.url('/faq'), out: join(folder, 'faq.jsonl'), delay: 0, ...options });
    const code = await crawlCommand(flags as never, { stdout: stdout.stream, stderr: stderr.stream });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };

  it('writes a file that training reads, says what it took and left out, and leaves nothing else', async () => {
    site.pages.set(
      '/faq',
      '<a href="/b">b</a><a href="/gone">c</a><h2>Open on Sunday?</h2><p>Yes.<br>Until six.</p>',
    );
    site.pages.set('/b', '<h2>Open on Sunday?</h2><p>Yes. Until six.</p><h2>Parking?</h2><p>No.</p>');
    const { code, stdout, stderr } = await run();
    const path = join(folder, 'faq.jsonl');
    assert.equal(code, 0);
    assert.equal(stdout, `${path}: 2 questions with answers, from 2 of 2 pages\n`);
    assert.match(stderr, /^page 2 \(1 answer so far\): .*\/b$/m);
    assert.match(stderr, /^left out: 1 x status 404 \(first: .*\/gone\)$/m);
    assert.match(stderr, /^1 pair found again on other pages$/m);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['faq.jsonl']);
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? ''), {
      text: 'Open on Sunday?',
      response: 'Yes.\nUntil six.',
      url: site.url('/faq'),
    });
    const { dialogues } = readCorpus([path]);
    assert.deepEqual(
      dialogues.map(({ turns }) => turns.map(({ text }) => text)),
      [
        ['Open on Sunday?', 'Yes.\nUntil six.'],
        ['Parking?', 'No.'],
      ],
    );
    assert.match(
      await asyncRefusal('usage', () => run()),
      /faq\.jsonl exists; name another file, or add --force to/,
    );
    assert.equal((await run({ force: true, json: true, quiet: true })).stderr, '');
  });

  it('whose first page cannot be read leaves nothing, and reads the page when it is there', async () => {
    assert.match(await asyncRefusal('data', () => run()), /cannot be read \(status 404\)/);
    assert.deepEqual(readdirSync(folder), []);
    site.pages.set('/faq', '<h2>Open on Sunday?</h2><p>Yes.</p>');
    assert.equal((await run()).code, 0);
  });

  it('without any question says what may help', async () => {
    site.pages.set('/faq', '<a href="/b">b</a><p>Nothing.</p>');
    site.pages.set('/b', '<p>Nothing.</p>');
    assert.match(
      await asyncRefusal('data', () => run()),
      /^no question with an answer was found on 2 pages; --depth 4 follows more links/,
    );
    rmSync(join(folder, '.faq.jsonl.crawl'));
    assert.match(
      await asyncRefusal('data', () => run({ maxPages: 1 })),
      /found on 1 page; --max-pages 5 visits more pages$/,
    );
  });
});

describe('download', () => {
  const content = '{"text": "a", "response": "b"}\n';
  const corpora = () => [
    {
      name: 'mine',
      title: 'My corpus',
      language: 'English',
      licence: 'CC0',
      home: site.url(),
      files: [
        {
          path: 'a.jsonl',
          url: site.url('/a.jsonl'),
          bytes: null,
          checksum: createHash('sha256').update(content).digest('hex'),
        },
      ],
    },
  ];
  const run = async (options: object, answer?: string) => {
    const [stdin, stdout, stderr] = [new PassThrough() as PassThrough & { isTTY?: boolean }, kept(), kept()];
    if (answer !== undefined) {
      stdin.isTTY = true;
      stderr.stream.isTTY = true;
      stdin.end(`${answer}\n`);
    }
    const flags = given({ name: 'mine', out: join(folder, 'mine'), ...options });
    const code = await downloadCommand(
      flags as never,
      { stdin, stdout: stdout.stream, stderr: stderr.stream },
      corpora(),
    );
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };
  beforeEach(() =>
    site.pages.set('/a.jsonl', { body: content, headers: { 'content-length': String(content.length) } }),
  );

  it('shows licence and size, asks, and downloads after a yes', async () => {
    const { code, stdout, stderr } = await run({}, 'y');
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^licence {2}CC0\nfrom .*\nsize {5}31 B in 1 file\nto .*\n[^\n]*Download it\? \[y\/N\] /m,
    );
    assert.equal(stdout, `mine is in ${join(folder, 'mine')} (licence: CC0)\n`);
    assert.equal(readCorpus([join(folder, 'mine')]).dialogues.length, 1);
  });

  it('downloads nothing after anything else', async () => {
    assert.match((await run({}, '')).stderr, /nothing was downloaded\n$/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('needs --yes where there is nobody to ask', async () => {
    assert.match(
      await asyncRefusal('usage', () => run({})),
      /no terminal to ask in; add --yes if the licence suits you$/,
    );
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await run({ yes: true, quiet: true })).stderr, '');
  });

  it('refuses a folder that holds another file of that name', async () => {
    await run({ yes: true });
    writeFileSync(join(folder, 'mine', 'a.jsonl'), 'other');
    assert.match(
      await asyncRefusal('usage', () => run({ yes: true })),
      /exists and is not the file of this corpus/,
    );
  });
});
