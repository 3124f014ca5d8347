import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { FakeSite } from '../../test/fake-site.js';
import { asyncRefusal } from '../../test/refusal.js';
import { type PublicFile, publicCorpora } from './corpora.js';
import { askForSizes, downloadCorpus } from './download.js';
import { recordName } from './download-record.js';
import type { DownloadSource } from './file-download.js';

const scratch = mkdtempSync(join(tmpdir(), 'download-'));
after(() => rmSync(scratch, { recursive: true }));

const content = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let site: FakeSite;
let folder = '';
let folders = 0;
/** The Range and If-Range of each request. */
let ranges: (string | undefined)[] = [];
/** Each answer breaks off after so many bytes of it. */
let breaks: number[] = [];
let etag: string | undefined;
let late = () => {};

beforeEach(async () => {
  site = await new FakeSite().start();
  folder = join(scratch, String(folders++));
  ranges = [];
  breaks = [];
  etag = '"one"';
});
afterEach(() => site.stop());

/** Serves `bytes` as a careful server does. */
function serve(bytes: Uint8Array, { obeys = true } = {}) {
  return ({ headers }: IncomingMessage, response: ServerResponse) => {
    ranges.push([headers.range, headers['if-range']].filter(Boolean).join(' ') || undefined);
    const isSame = headers['if-range'] === undefined || headers['if-range'] === etag || !obeys;
    const start = isSame ? Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
    if (start >= bytes.length) return void response.writeHead(416).end();
    if (etag !== undefined) response.setHeader('etag', etag);
    const part = bytes.subarray(start);
    if (start > 0) response.setHeader('content-range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': part.length });
    const stop = breaks.shift();
    if (stop === undefined) return void response.end(part);
    response.write(part.subarray(0, stop));
    held = { response, until: start + stop };
    came(start);
  };
}

/** An answer that breaks off when the client has stored its bytes; earlier it could lose some. */
let held: { response: ServerResponse; until: number } | undefined;

function came(received: number): void {
  if (held === undefined || received < held.until) return;
  held.response.destroy();
  held = undefined;
}

interface Settings extends Partial<PublicFile> {
  readonly replace?: boolean;
  readonly source?: Partial<DownloadSource>;
}

async function download({ replace = false, source = {}, ...file }: Settings = {}) {
  const notes: string[] = [];
  const waits: number[] = [];
  const corpus = {
    name: 'mine',
    title: 'Mine',
    language: 'English',
    licence: 'CC0',
    home: site.url(),
    files: [{ path: 'a.json', url: site.url('/a.json'), bytes: null, checksum: sha256(content), ...file }],
  };
  await downloadCorpus(
    corpus,
    folder,
    replace,
    {
      fetch,
      wait: async (seconds) => {
        waits.push(seconds);
      },
      deadline: (_, then) => {
        late = then;
        return () => {};
      },
      signal: new AbortController().signal,
      retrySeconds: [],
      silentSeconds: 60,
      mostBytes: 1e6,
      ...source,
    },
    { bytes: (_, received) => came(received), note: (text) => notes.push(text) },
  );
  return { notes, waits };
}

const refused = (settings?: Settings) => asyncRefusal('data', () => download(settings));
const stored = () => readFileSync(join(folder, 'a.json'));

describe('a download', () => {
  it('puts the file into place, with a record of where it comes from', async () => {
    site.pages.set('/a.json', serve(content));
    await download();
    assert.deepEqual(stored(), content);
    assert.deepEqual(readdirSync(folder).sort(), [recordName, 'a.json']);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, recordName), 'utf8')), {
      name: 'mine',
      title: 'Mine',
      licence: 'CC0',
      home: site.url(),
      files: [{ path: 'a.json', url: site.url('/a.json'), bytes: content.length, sha256: sha256(content) }],
    });
  });

  it("takes git's checksum of a file too", async () => {
    site.pages.set('/a.json', serve(content));
    const blob = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    await download({ checksum: blob });
    assert.match(
      await asyncRefusal('usage', () => download({ checksum: blob.replace(/./, 'g') })),
      /is not the file/,
    );
  });

  it('requests nothing that is there', async () => {
    site.pages.set('/a.json', serve(content));
    await download();
    await download();
    assert.equal(ranges.length, 1);
  });

  it('never replaces another file unasked', async () => {
    site.pages.set('/a.json', serve(content));
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.json'), 'mine');
    const message = await asyncRefusal('usage', () => download());
    assert.match(message, /a\.json exists and is not the file of this corpus; .* add --force to replace it$/);
    assert.equal(stored().toString(), 'mine');
    await download({ replace: true });
    assert.deepEqual(stored(), content);
  });

  it('follows redirects', async () => {
    site.pages.set('/a.json', { status: 302, headers: { location: '/b' } });
    site.pages.set('/b', serve(content));
    await download();
    assert.deepEqual(stored(), content);
  });
});

describe('a download that breaks off', () => {
  it('continues at once where bytes came, with the state of the file that it began with', async () => {
    breaks = [1000, 2000];
    site.pages.set('/a.json', serve(content));
    const { waits } = await download({ source: { retrySeconds: [] } });
    assert.deepEqual(stored(), content);
    assert.deepEqual(ranges, [undefined, 'bytes=1000- "one"', 'bytes=3000- "one"']);
    assert.deepEqual(waits, [0, 0]);
  });

  it('is continued by the next run', async () => {
    breaks = [1000, 0];
    site.pages.set('/a.json', serve(content));
    assert.match(
      await refused(),
      /a\.json stopped after 1\.0 kB \(.*\); run the command again to continue from there$/,
    );
    assert.ok(!existsSync(join(folder, 'a.json')));
    await download();
    assert.deepEqual(stored(), content);
    assert.equal(ranges.at(-1), 'bytes=1000- "one"');
  });

  it('starts over if the file has changed meanwhile', async () => {
    for (const obeys of [true, false]) {
      folder = join(scratch, String(folders++));
      etag = '"old"';
      breaks = [1000, 0];
      site.pages.set('/a.json', serve(Buffer.alloc(5000, 1), { obeys }));
      await refused();
      etag = '"new"';
      site.pages.set('/a.json', serve(content, { obeys }));
      await download({ source: { retrySeconds: [0] } });
      assert.deepEqual(stored(), content, `obeys: ${obeys}`);
    }
  });

  it('without an ETag starts over when the whole is wrong', async () => {
    etag = undefined;
    breaks = [1000, 0];
    site.pages.set('/a.json', serve(Buffer.alloc(5000, 1)));
    await refused();
    site.pages.set('/a.json', serve(content));
    await download();
    assert.deepEqual(stored(), content);
    assert.deepEqual(ranges.slice(-2), ['bytes=1000-', undefined]);
  });

  it('without an ETag and a checksum starts over', async () => {
    etag = undefined;
    breaks = [1000, 0];
    site.pages.set('/a.json', serve(content));
    await refused({ checksum: null });
    await download({ checksum: null });
    assert.equal(ranges.at(-1), undefined);
  });

  it('starts over if the server sends another range, or says that there is none', async () => {
    breaks = [1000, 0];
    site.pages.set('/a.json', serve(content));
    await refused();
    let asked = 0;
    site.pages.set('/a.json', (request, response) => {
      if (asked++ > 0) return void serve(content)(request, response);
      response
        .writeHead(206, { 'content-range': 'bytes 0-99/5000', 'content-length': 100 })
        .end(content.subarray(0, 100));
    });
    await download({ source: { retrySeconds: [0] } });
    assert.deepEqual(stored(), content);
  });

  it('waits longer each time while nothing comes', async () => {
    let asked = 0;
    site.pages.set('/a.json', (request, response) => {
      asked++;
      if (asked === 1) request.socket.destroy();
      else if (asked === 2) response.writeHead(503).end();
      else if (asked === 3) late();
      else serve(content)(request, response);
    });
    assert.deepEqual((await download({ source: { retrySeconds: [1, 5, 15] } })).waits, [1, 5, 15]);
  });
});

describe('a download is refused', () => {
  it('with a wrong checksum, and leaves nothing', async () => {
    site.pages.set('/a.json', serve(Buffer.alloc(100)));
    assert.match(await refused(), /does not have the checksum that is known for it, so it was removed/);
    assert.ok(!existsSync(folder));
  });

  it('if the server sends more than the size that is known', async () => {
    site.pages.set('/a.json', serve(content));
    assert.match(await refused({ bytes: 4000 }), /sends more than the expected 4000 bytes/);
    assert.match(await refused({ source: { mostBytes: 10 } }), /sends more than the expected 10 bytes/);
  });

  it('if the file is gone, or a redirect never ends', async () => {
    assert.match(await refused(), /cannot be downloaded \(status 404\); it may have moved/);
    site.pages.set('/a.json', { status: 302, headers: { location: '/a.json' } });
    assert.match(await refused(), /too many redirects/);
  });
});

describe('a checksum that is not known', () => {
  it('is recorded, and the next download must have it', async () => {
    site.pages.set('/a.json', serve(content));
    assert.deepEqual((await download({ checksum: null })).notes, [
      'no checksum of a.json is known; that of this download is recorded',
    ]);
    rmSync(join(folder, 'a.json'));
    site.pages.set('/a.json', serve(Buffer.alloc(100)));
    assert.match(await refused({ checksum: null }), /does not have the checksum/);
  });
});

it('sizes that the table does not know are asked for', async () => {
  site.pages.set('/ranges', (_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 0-0/5000' }).end('x'),
  );
  site.pages.set('/whole', { body: content, headers: { 'content-length': '5000' } });
  site.pages.set('/busy', { status: 503 });
  site.pages.set('/broken', (request) => request.socket.destroy());
  site.pages.set('/silent', (_, response) => response.writeHead(200).end('x'));
  const file = (path: string, bytes: number | null = null) => ({
    path,
    url: site.url(path),
    bytes,
    checksum: null,
  });
  const corpus = {
    ...{ name: '', title: '', language: '', licence: '', home: '' },
    files: [
      file('/ranges'),
      file('/whole'),
      file('/silent'),
      file('/busy'),
      file('/broken'),
      file('/known', 7),
    ],
  };
  const source = {
    ...{ fetch, wait: async () => {}, deadline: () => () => {}, signal: new AbortController().signal },
    ...{ retrySeconds: [], silentSeconds: 60, mostBytes: 1e6 },
  };
  assert.deepEqual(await askForSizes(corpus, source), [5000, 5000, null, null, null, 7]);
});

it('the table of corpora names fixed states of files, over https, each once', () => {
  const names = publicCorpora.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
  for (const { name, files } of publicCorpora) {
    const paths = files.map(({ path }) => path);
    assert.deepEqual(paths, [...new Set(paths)], name);
    for (const { path, url, checksum } of files) {
      assert.match(url, /^https:\/\/[\w.-]+\/[\w./~-]+$/);
      assert.match(path, /^\w[\w.-]*(?:\/\w[\w.-]*)?$/);
      if (checksum !== null) assert.match(checksum, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
      // A checksum of what changes would soon be wrong.
      if (!url.includes('cornell')) assert.match(url, /\/[0-9a-f]{40}\//);
    }
  }
});
