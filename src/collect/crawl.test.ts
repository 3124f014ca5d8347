import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FakeSite } from '../../test/fake-site.js';
import { asyncRefusal } from '../../test/refusal.js';
import { type CrawlOptions, crawl } from './crawl.js';
import { CrawlJournal } from './crawl-journal.js';
import { type PageLimits, pageLimits } from './page.js';

const scratch = mkdtempSync(join(tmpdir(), 'crawl-'));
after(() => rmSync(scratch, { recursive: true }));

let site: FakeSite;
let outputs = 0;
let output = '';
beforeEach(async () => {
  site = await new FakeSite().start();
  output = join(scratch, `${outputs++}.jsonl`);
});
afterEach(() => site.stop());

interface Settings extends Partial<CrawlOptions> {
  readonly start?: string;
  readonly limits?: Partial<PageLimits>;
  readonly signal?: AbortSignal;
}

/** Ends the time limit of the page that is being fetched. */
let late = () => {};

/** Crawls the site without waiting. */
async function visit({
  start = '/',
  limits,
  signal = new AbortController().signal,
  ...options
}: Settings = {}) {
  const waits: number[] = [];
  const notes: string[] = [];
  const journal = new CrawlJournal(output, site.url(start));
  try {
    const report = await crawl(
      new URL(site.url(start)),
      { depth: 3, maxPages: 100, delay: 0, ...options },
      {
        fetch,
        limits: { ...pageLimits, retrySeconds: [], ...limits },
        wait: async (seconds) => {
          waits.push(seconds);
        },
        now: () => Date.parse('2026-01-01T00:00:00Z'),
        deadline: (_, then) => {
          late = then;
          return () => {};
        },
        signal,
      },
      journal,
      { page: () => {}, note: (text) => notes.push(text) },
    );
    const skipped = [...report.skipped].map(([reason, { count }]) => `${count} ${reason}`);
    return { ...report, waits, notes, skipped, questions: report.pairs.map(({ question }) => question) };
  } finally {
    journal.close();
  }
}

const faq = (question: string, ...links: readonly string[]) =>
  `<html><body>${links.map((link) => `<a href="${link}">x</a>`).join('')}<h2>${question}?</h2><p>Yes.</p></body></html>`;

describe('a crawl', () => {
  it('visits the pages of the site that links lead to, nearest first, each once', async () => {
    site.pages.set(
      '/',
      faq('Start', '/b', '/a#top', '/a?utm_source=x', 'https://other.example/c', 'mailto:a@b', '/x.pdf'),
    );
    site.pages.set('/a', faq('A', '/', '/deep'));
    site.pages.set('/b', faq('B', 'deep', '//other.example/d'));
    site.pages.set('/deep', faq('Deep', '/deeper'));
    const report = await visit({ depth: 2 });
    assert.deepEqual(site.requests, ['/robots.txt', '/', '/b', '/a', '/deep']);
    assert.deepEqual(report.questions, ['Start?', 'B?', 'A?', 'Deep?']);
    assert.equal(report.pairs[3]?.url, site.url('/deep'));
    assert.deepEqual([...report.notFollowed], [['other-file', 1]]);
    assert.match(site.headers[0]?.['user-agent'] ?? '', /^chatbot-data /);
  });

  it('takes a pair once that several pages have', async () => {
    site.pages.set('/', faq('Same', '/a'));
    site.pages.set('/a', `${faq('same')}<h2>Other?</h2><p>No.</p>`);
    const report = await visit();
    assert.deepEqual(report.questions, ['Same?', 'Other?']);
    assert.equal(report.duplicates, 1);
  });

  it('stops at the limit of pages and counts the rest', async () => {
    site.pages.set('/', faq('Start', '/a', '/b', '/c'));
    for (const name of ['/a', '/b', '/c']) site.pages.set(name, faq(name));
    const report = await visit({ maxPages: 2 });
    assert.equal(report.pages, 2);
    assert.equal(report.pagesLeft, 2);
  });

  it('obeys robots.txt, and the longer of two pauses', async () => {
    site.pages.set('/robots.txt', 'User-agent: *\nDisallow: /private\nCrawl-delay: 7');
    site.pages.set('/', faq('Start', '/private/a', '/private/b', '/open'));
    site.pages.set('/open', faq('Open', '/private/a'));
    const report = await visit({ delay: 2 });
    assert.deepEqual(site.requests, ['/robots.txt', '/', '/open']);
    assert.deepEqual(report.skipped, ['2 forbidden by robots.txt']);
    assert.deepEqual(report.waits, [7]);
    assert.deepEqual(report.notes, ['robots.txt asks for 7 s between requests']);
  });

  it('obeys nofollow', async () => {
    site.pages.set('/', `<meta name="robots" content="index, nofollow">${faq('Start', '/a')}`);
    assert.equal((await visit()).pages, 1);
    site.pages.set('/', '<a rel="ugc nofollow" href="/a">a</a>');
    output += '2';
    assert.equal((await visit()).pages, 1);
  });

  it('follows redirects within the site, and no others', async () => {
    const redirect = (location: string) => ({ status: 302, headers: { location } });
    site.pages.set('/', redirect('/home'));
    site.pages.set('/home', faq('Home', '/again', '/away', '/port', '/loop'));
    site.pages.set('/again', redirect('/home'));
    site.pages.set('/away', redirect('http://169.254.169.254/latest/meta-data'));
    site.pages.set('/port', redirect(`http://127.0.0.1:${site.port + 1}/`));
    site.pages.set('/loop', redirect('/loop'));
    const report = await visit();
    assert.deepEqual(report.questions, ['Home?']);
    assert.deepEqual(report.skipped, [
      '1 a redirect to another site (169.254.169.254)',
      `1 a redirect to another site (127.0.0.1:${site.port + 1})`,
      '1 too many redirects',
    ]);
  });

  it('does not get lost in a calendar, in queries or in paths that repeat', async () => {
    site.otherwise = (path) => {
      const number = Number(/\d+/.exec(path)?.[0] ?? 0);
      if (path.startsWith('/day/')) return faq(`Day ${number}`, `/day/${number + 1}`);
      if (path.startsWith('/list'))
        return faq(`List ${path}`, ...[1, 2, 3].map((n) => `/list?page=${number + n}&x=${'ab'[n % 2]}`));
      if (path.startsWith('/up')) return faq(path, `${path}/up`);
      return { status: 404 };
    };
    site.pages.set('/', faq('Start', '/day/1', '/list', '/up'));
    const report = await visit({ depth: 1000, maxPages: 1000 });
    assert.equal(site.requests.filter((path) => path.startsWith('/day/')).length, 50);
    assert.ok(site.requests.filter((path) => path.startsWith('/list?')).length <= 50);
    assert.deepEqual(
      site.requests.filter((path) => path.startsWith('/up')),
      ['/up', '/up/up'],
    );
    assert.deepEqual([...report.notFollowed.keys()].sort(), ['repeats', 'series']);
  });
});

describe('a page that misbehaves is left out, and the crawl goes on:', () => {
  const cases: readonly (readonly [
    what: string,
    page: Parameters<FakeSite['pages']['set']>[1],
    reason: RegExp,
  ])[] = [
    ['another type', { type: 'application/pdf', body: '%PDF' }, /^1 application\/pdf, not HTML$/],
    ['no type', (_, response) => response.writeHead(200).end('x'), /^1 no content type, not HTML$/],
    ['an error', { status: 500 }, /^1 status 500$/],
    ['an endless body', endless, /^1 more than 100000 bytes$/],
    [
      'a gzip bomb',
      { body: gzipSync(Buffer.alloc(20_000_000, ' ')), headers: { 'content-encoding': 'gzip' } },
      /^1 more than 100000 bytes$/,
    ],
    ['silence', () => late(), /^1 no complete answer within 30 s$/],
    [
      'a body that stops',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).write('<h2>', () => late());
      },
      /^1 no complete answer within 30 s$/,
    ],
    ['a broken connection', (request) => request.socket.destroy(), /^1 the server broke off the connection$/],
    ['garbage instead of HTTP', (request) => request.socket.end('garbage\r\n\r\n'), /^1 no connection: \w+$/],
    ['deep nesting', `<h2>Deep?</h2>${'<div>'.repeat(5000)}`, /^1 nests its elements too deeply$/],
  ];
  for (const [what, page, reason] of cases)
    it(what, async () => {
      site.pages.set('/', faq('Start', '/bad', '/good'));
      site.pages.set('/bad', page);
      site.pages.set('/good', faq('Good'));
      const report = await visit({ limits: { bytes: 100_000 } });
      assert.deepEqual(report.questions, ['Start?', 'Good?']);
      assert.equal(report.skipped.length, 1);
      assert.match(report.skipped[0] ?? '', reason);
    });

  function endless(_: unknown, response: import('node:http').ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/html' });
    const more = () => {
      while (!response.destroyed && response.write('a'.repeat(10_000)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  }
});

describe('a busy server', () => {
  it('is asked again after the pause that it asks for', async () => {
    let asked = 0;
    site.pages.set('/', (_, response) => {
      asked++;
      const headers = [{ 'retry-after': '20' }, { 'retry-after': 'Thu, 01 Jan 2026 00:00:40 GMT' }, {}][
        asked - 1
      ];
      if (headers) response.writeHead(asked === 2 ? 429 : 503, headers).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end(faq('Start'));
    });
    const report = await visit({ limits: { retrySeconds: [1, 2, 4] } });
    assert.deepEqual(report.waits, [20, 40, 4]);
    assert.deepEqual(report.questions, ['Start?']);
  });

  it('that asks for hours is left alone', async () => {
    site.pages.set('/', { status: 503, headers: { 'retry-after': '7200' } });
    const message = await asyncRefusal('data', () => visit({ limits: { retrySeconds: [1] } }));
    assert.match(message, /cannot be read \(status 503\); check the address in a browser$/);
  });
});

describe('a crawl is refused', () => {
  const refused = (settings?: Settings) => asyncRefusal('data', () => visit(settings));

  it('if robots.txt forbids the first page, fails, or asks for a very long pause', async () => {
    site.pages.set('/', faq('Start'));
    site.pages.set('/robots.txt', 'User-agent: *\nDisallow: /');
    assert.match(
      await refused(),
      /^robots\.txt of 127\.0\.0\.1:\d+ forbids programs to fetch "\/"; ask the owner/,
    );
    site.pages.set('/robots.txt', { status: 500 });
    assert.match(await refused(), /forbids programs/);
    site.pages.set('/robots.txt', 'User-agent: *\nCrawl-delay: 3600');
    assert.match(await refused(), /asks for 3600 seconds between requests/);
    assert.ok(!site.requests.includes('/'));
  });

  it('if the first page leads to another site', async () => {
    site.pages.set('/', { status: 301, headers: { location: 'https://elsewhere.example/faq' } });
    assert.match(
      await refused(),
      /leads to https:\/\/elsewhere\.example, another site; if that is the site you mean, name it instead$/,
    );
  });

  it('if nothing answers', async () => {
    await site.stop();
    // A server that has stopped has port 0, where nothing ever listens.
    assert.match(
      await refused(),
      /^127\.0\.0\.1:0 cannot be reached \(.*\); check the address and the connection$/,
    );
    site = await new FakeSite().start();
  });
});

describe('an interrupted crawl', () => {
  it('continues where it stopped, also after a crash in the middle of a line', async () => {
    const stop = new AbortController();
    site.pages.set('/', faq('Start', '/a', '/b'));
    site.pages.set('/a', faq('A'));
    site.pages.set('/b', (_, response) => {
      stop.abort(new Error('stopped'));
      response.destroy();
    });
    await assert.rejects(visit({ signal: stop.signal }), /stopped/);
    const [journal = ''] = readdirSync(scratch).filter((name) => name.startsWith(`.${outputs - 1}.jsonl`));
    const path = join(scratch, journal);
    truncateSync(path, statSync(path).size - 5);
    site.pages.set('/b', faq('B'));
    site.requests.length = 0;
    assert.deepEqual((await visit()).questions, ['Start?', 'A?', 'B?']);
    assert.deepEqual(site.requests, ['/robots.txt', '/a', '/b']);
  });

  it('tries pages again that failed for now, and no others', async () => {
    site.pages.set('/', faq('Start', '/busy', '/gone'));
    site.pages.set('/busy', { status: 503 });
    await visit();
    site.pages.set('/busy', faq('Busy'));
    site.requests.length = 0;
    assert.deepEqual((await visit()).questions, ['Start?', 'Busy?']);
    assert.deepEqual(site.requests, ['/robots.txt', '/busy']);
  });

  it('does not continue a crawl of another page', async () => {
    site.pages.set('/', faq('Start'));
    site.pages.set('/other', faq('Other'));
    await visit();
    assert.deepEqual((await visit({ start: '/other' })).questions, ['Other?']);
  });
});

describe('the encoding of a page', () => {
  const bytes = (...codes: number[]) =>
    Buffer.concat([Buffer.from('<h2>Na'), Buffer.from(codes), Buffer.from('?</h2><p>x</p>')]);
  const cases: readonly (readonly [string, string, Uint8Array, string])[] = [
    ['of the header', 'text/html; charset=GB2312', bytes(0xc4, 0xe3), 'Na你?'],
    [
      'of a meta element',
      'text/html',
      Buffer.concat([Buffer.from('<meta charset="shift_jis">'), bytes(0x82, 0xa0)]),
      'Naあ?',
    ],
    [
      'of a byte order mark',
      'text/html; charset=latin1',
      Buffer.from('\ufeff<h2>Naïf?</h2><p>x</p>'),
      'Naïf?',
    ],
    ['UTF-8 without a word', 'text/html', Buffer.from('<h2>Naïf?</h2><p>x</p>'), 'Naïf?'],
    ['Windows-1252 otherwise', 'text/html', bytes(0x93, 0xef, 0x94), 'Na“ï”?'],
    ['an unknown name', 'text/html; charset=klingon', bytes(0xef), 'Naï?'],
  ];
  for (const [what, type, body, question] of cases)
    it(what, async () => {
      site.pages.set('/', { type, body });
      assert.deepEqual((await visit()).questions, [question]);
    });
});
