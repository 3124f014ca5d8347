// `chatbot-data crawl`: visits the FAQ pages of a site and writes their questions and answers. It can be interrupted; the same
// command continues.

import { type CrawlReport, crawl } from '../../collect/crawl.js';
import { CrawlJournal } from '../../collect/crawl-journal.js';
import { clock, type PageSource, pageLimits } from '../../collect/page.js';
import { guardedLookup } from '../../collect/private-address.js';
import { notFollowedWords, webAddress } from '../../collect/site.js';
import { type CrawlOption, type CrawlOptions, crawlOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { plural } from '../../corpus/summary.js';
import { ExitCode, UserError } from '../../errors.js';
import { NewFile, refuseExisting } from '../../files/new-file.js';
import { option } from '../../option-names.js';
import { jsonLine, messageLine, quoted } from '../../quote.js';
import { proxiesOf } from '../../weights/hub-access.js';
import { type Fetch, fetchBy, fetchThrough } from '../../weights/hub-fetch.js';
import { withFlags } from '../flag-names.js';
import type { Terminal } from '../train.js';
import { interruptible } from './interruptible.js';

export async function crawlCommand(
  given: GivenOptions<CrawlOption>,
  terminal: Terminal = process,
): Promise<number> {
  const options = completeOptions(crawlOptions, [given]);
  const start = startOf(options.address);
  refuseExisting(options.out, options.force);
  const say = (text: string) => {
    if (!options.quiet) terminal.stderr.write(`${messageLine(withFlags(text))}\n`);
  };
  const journal = new CrawlJournal(options.out, start.href);
  if (journal.size > 0) say(`continuing an earlier crawl of this page: ${plural(journal.size, 'page')} kept`);
  return interruptible(
    async (signal) => {
      const source: PageSource = {
        ...clock,
        fetch: await pageFetch(),
        limits: { ...pageLimits, bytes: options.maxPageBytes, seconds: options.pageTimeout },
        signal,
      };
      const watcher = {
        page: (url: string, visited: number, pairs: number) =>
          say(`page ${visited + 1} (${plural(pairs, 'answer')} so far): ${url}`),
        note: say,
      };
      const report = await crawl(start, options, source, journal, watcher).finally(() => journal.close());
      write(report, options);
      journal.remove();
      for (const line of reportLines(report, options)) say(line);
      terminal.stdout.write(
        options.json ? `${reportJson(report, options)}\n` : `${resultLine(report, options)}\n`,
      );
      return ExitCode.ok;
    },
    (signal) => {
      say(`${signal}: stopped; the same command continues from here`);
    },
  );
}

function startOf(address: string | null): URL {
  if (address === null)
    throw new UserError(
      'crawl-address-invalid',
      'no page to begin with; name one, for example chatbot-data crawl https://shop.example/faq',
    );
  const url = webAddress(address);
  if (url !== null && url.username + url.password === '') return url;
  throw new UserError(
    'crawl-address-invalid',
    url === null
      ? `${quoted(address)} is not the address of a web page; it begins with https:// or http://`
      : 'the address has a password in it; pages that need a login are not crawled',
  );
}

/** Through the proxy of the environment, or with a guard against names that lead into a private network. */
async function pageFetch(): Promise<Fetch> {
  const proxies = proxiesOf(process.env);
  if (proxies !== null) return fetchThrough(proxies);
  const { Agent } = await import('undici');
  return fetchBy(new Agent({ connect: { lookup: guardedLookup() } }));
}

/** @throws UserError (data) if there is nothing to write. */
function write(report: CrawlReport, options: CrawlOptions): void {
  if (report.pairs.length === 0)
    throw new UserError(
      'crawl-failed',
      `no question with an answer was found on ${plural(report.pages, 'page')}; ${adviceFor(report, options)}`,
    );
  const file = new NewFile(options.out, options.force);
  for (const { question, answer, url } of report.pairs)
    file.write(`${JSON.stringify({ text: question, response: answer, url })}\n`);
  file.commit();
}

function adviceFor({ pagesLeft, pages }: CrawlReport, { depth, maxPages }: CrawlOptions): string {
  if (pagesLeft > 0) return `${option('maxPages', maxPages * 5)} visits more pages`;
  if (pages === 1) return 'begin with a page that has questions, or whose links lead to some';
  return `${option('depth', depth + 2)} follows more links, or begin with a page that has questions`;
}

function resultLine({ pairs, pagesWithPairs, pages }: CrawlReport, { out }: CrawlOptions): string {
  return messageLine(
    `${out}: ${plural(pairs.length, 'question')} with answers, from ${pagesWithPairs} of ${plural(pages, 'page')}`,
  );
}

/** What was not taken, and why. */
function reportLines(report: CrawlReport, { maxPages }: CrawlOptions): string[] {
  return [
    ...[...report.skipped].map(
      ([reason, { count, first }]) => `left out: ${count} x ${reason} (first: ${first})`,
    ),
    ...[...report.notFollowed].map(
      ([reason, count]) => `not followed: ${plural(count, 'link')} ${notFollowedWords[reason]}`,
    ),
    ...(report.duplicates > 0 ? [`${plural(report.duplicates, 'pair')} found again on other pages`] : []),
    ...(report.pagesLeft > 0
      ? [`${plural(report.pagesLeft, 'page')} not visited, because of ${option('maxPages', maxPages)}`]
      : []),
  ];
}

function reportJson(report: CrawlReport, { out }: CrawlOptions): string {
  return jsonLine({
    out,
    pairs: report.pairs.length,
    pages: report.pages,
    pages_with_pairs: report.pagesWithPairs,
    duplicates: report.duplicates,
    skipped: [...report.skipped].map(([reason, { count, first }]) => ({ reason, count, first })),
    not_followed: Object.fromEntries(report.notFollowed),
    pages_left: report.pagesLeft,
  });
}
