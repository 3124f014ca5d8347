// Visits the pages of a site, nearest first, and collects their question-answer pairs. One page at a time, with a pause between
// requests. It knows how to visit, not what a pair looks like (faq/) nor how a page is fetched (page.ts).

import { UserError } from '../errors.js';
import { oneLine, quoted } from '../quote.js';
import type { CrawlJournal, Visit } from './crawl-journal.js';
import { comparable, faqPairs, leftOut } from './faq/faq-pairs.js';
import type { Pair } from './faq/question.js';
import { attributeOf, type Element, elementsIn, PageRefused, parseHtml } from './html-tree.js';
import { type Fetched, fetchPage, type PageSource, userAgent } from './page.js';
import { allowAll, forbidAll, parseRobots, type Robots } from './robots.js';
import { Addresses, isSameSite, type NotFollowed, webAddress } from './site.js';

export interface CrawlOptions {
  /** Links from the first page that are followed: 0 reads only that page. */
  readonly depth: number;
  readonly maxPages: number;
  /** Seconds between requests. A longer pause that robots.txt asks for wins. */
  readonly delay: number;
}

export interface FoundPair extends Pair {
  readonly url: string;
}

export interface CrawlReport {
  readonly pairs: readonly FoundPair[];
  /** Pages that were read, now or by an earlier run. */
  readonly pages: number;
  /** Pages with at least one pair that no other page has. */
  readonly pagesWithPairs: number;
  /** Pairs that another page has too. */
  readonly duplicates: number;
  /** Pages that were not read and parts that were left out, by reason. */
  readonly skipped: ReadonlyMap<string, Skipped>;
  readonly notFollowed: ReadonlyMap<NotFollowed, number>;
  /** Pages that were known but not visited, because of the limit of pages. */
  readonly pagesLeft: number;
}

export interface Skipped {
  readonly count: number;
  readonly first: string;
}

export interface CrawlWatcher {
  /** Before each request. */
  page(url: string, visited: number, pairs: number): void;
  note(text: string): void;
}

const mostLinks = 2000;
/** A longer pause between requests makes a crawl pointless. */
const longestDelay = 300;

interface Place {
  readonly url: URL;
  readonly depth: number;
}

/** @throws UserError if the first page cannot be read, or the signal's reason when it aborts. */
export async function crawl(
  start: URL,
  options: CrawlOptions,
  source: PageSource,
  journal: CrawlJournal,
  watcher: CrawlWatcher,
): Promise<CrawlReport> {
  const robots = await robotsOf(start, source, watcher);
  if (!robots.allows(pathOf(start)))
    throw new UserError(
      'crawl-failed',
      `robots.txt of ${oneLine(start.host)} forbids programs to fetch ${quoted(pathOf(start))}; ask the owner of the site for the text`,
    );
  const visitor = new Visitor(start, { ...options, delay: delayOf(robots, options, start) }, source, journal);
  const collected = new Collected();
  const addresses = new Addresses();
  addresses.notes(start);
  const queue: Place[] = [{ url: start, depth: 0 }];
  // Where the first page is after redirects: with or without "www.", http or https.
  let home = start;
  let pages = 0;
  let visited = 0;
  for (; visited < Math.min(queue.length, options.maxPages); visited++) {
    const place = queue[visited];
    if (place === undefined) break;
    watcher.page(place.url.href, visited, collected.pairs.length);
    const visit = await visitor.visit(place.url);
    if (visit.refused !== undefined) {
      if (visited === 0) throw firstPageRefused(start, visit.refused);
      collected.skip(visit.refused, place.url.href);
      continue;
    }
    const url = webAddress(visit.url) ?? place.url;
    if (visited === 0) home = url;
    // A redirect may lead to a page that was visited before.
    else if (url.href !== place.url.href && !addresses.notes(url)) continue;
    pages++;
    collected.take(visit);
    if (place.depth === options.depth) continue;
    for (const link of linksToVisit(visit, url, home, robots, collected))
      if (addresses.accepts(link)) queue.push({ url: link, depth: place.depth + 1 });
  }
  return {
    ...collected.report(),
    pages,
    notFollowed: addresses.notFollowed,
    pagesLeft: queue.length - visited,
  };
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}

/** @throws UserError if the site asks for a pause that no one would wait for. */
function delayOf({ crawlDelay }: Robots, { delay }: CrawlOptions, start: URL): number {
  if (crawlDelay === null || crawlDelay <= delay) return delay;
  if (crawlDelay <= longestDelay) return crawlDelay;
  throw new UserError(
    'crawl-failed',
    `robots.txt of ${oneLine(start.host)} asks for ${crawlDelay} seconds between requests, which means that programs are not welcome; ask the owner of the site for the text`,
  );
}

async function robotsOf(start: URL, source: PageSource, watcher: CrawlWatcher): Promise<Robots> {
  const fetched = await fetchPage(new URL('/robots.txt', start), start, 'text', source);
  if (fetched.kind === 'page') return noted(parseRobots(fetched.text, userAgent), watcher);
  const { status, isPassing, reason, leadsTo } = fetched;
  if (leadsTo !== undefined) throw leadsElsewhere(start, leadsTo);
  // RFC 9309: a robots.txt that does not exist allows everything, and one that fails forbids everything.
  if (status !== undefined && status < 500 && !isPassing) return allowAll;
  if (status === undefined)
    throw new UserError(
      'crawl-failed',
      `${oneLine(start.host)} cannot be reached (${reason}); check the address and the connection`,
    );
  watcher.note(`robots.txt cannot be read (${reason})`);
  return forbidAll;
}

function noted(robots: Robots, watcher: CrawlWatcher): Robots {
  if (robots.crawlDelay !== null) watcher.note(`robots.txt asks for ${robots.crawlDelay} s between requests`);
  return robots;
}

function firstPageRefused(start: URL, reason: string): UserError {
  return new UserError(
    'crawl-failed',
    `${oneLine(start.href)} cannot be read (${reason}); check the address in a browser`,
  );
}

function leadsElsewhere(start: URL, to: URL): UserError {
  return new UserError(
    'crawl-failed',
    `${oneLine(start.host)} leads to ${oneLine(to.origin)}, another site; if that is the site you mean, name it instead`,
  );
}

/** Fetches pages with a pause before each, except those in the journal. */
class Visitor {
  private requests = 0;

  constructor(
    private readonly start: URL,
    private readonly options: CrawlOptions,
    private readonly source: PageSource,
    private readonly journal: CrawlJournal,
  ) {}

  async visit(url: URL): Promise<Visit> {
    const known = this.journal.visitOf(url.href);
    if (known !== undefined) return known;
    if (this.requests++ > 0 && this.options.delay > 0)
      await this.source.wait(this.options.delay, this.source.signal);
    const fetched = await fetchPage(url, this.start, 'html', this.source);
    if (fetched.kind === 'refused' && fetched.leadsTo !== undefined && url === this.start)
      throw leadsElsewhere(this.start, fetched.leadsTo);
    const visit = visitOf(url, fetched);
    // A page that failed for now is tried again by the next run.
    if (fetched.kind === 'page' || !fetched.isPassing) this.journal.add(url.href, visit);
    return visit;
  }
}

/** What a page holds. */
export function visitOf(url: URL, fetched: Fetched): Visit {
  const nothing = { url: url.href, pairs: [], links: [], leftOut: {} };
  if (fetched.kind === 'refused') return { ...nothing, refused: fetched.reason };
  try {
    const page = parseHtml(fetched.text);
    const counts: Partial<Record<keyof typeof leftOut, number>> = {};
    const pairs = faqPairs(page, (what) => {
      counts[what] = (counts[what] ?? 0) + 1;
    });
    return { url: fetched.url.href, pairs, links: linksOf(page, fetched.url), leftOut: counts };
  } catch (thrown) {
    if (thrown instanceof PageRefused) return { ...nothing, refused: thrown.message };
    throw thrown;
  }
}

/** The addresses of a page's links, each once. A page may forbid to follow them. */
function linksOf(page: Element, url: URL): string[] {
  const links = new Set<string>();
  let base = url;
  for (const element of elementsIn(page)) {
    const { name } = element;
    const href = attributeOf(element, 'href');
    if (name === 'meta' && forbidsFollowing(element)) return [];
    if (name === 'base' && href !== undefined) base = webAddress(href, url) ?? url;
    if (name !== 'a' || href === undefined || links.size >= mostLinks) continue;
    if (/\bnofollow\b/i.test(attributeOf(element, 'rel') ?? '')) continue;
    const link = webAddress(href.trim(), base);
    if (link !== null) links.add(link.href);
  }
  return [...links];
}

function forbidsFollowing(meta: Element): boolean {
  return (
    attributeOf(meta, 'name')?.trim().toLowerCase() === 'robots' &&
    /\b(?:nofollow|none)\b/i.test(attributeOf(meta, 'content') ?? '')
  );
}

function* linksToVisit(
  { links }: Visit,
  from: URL,
  home: URL,
  robots: Robots,
  collected: Collected,
): Generator<URL> {
  for (const address of links) {
    const link = webAddress(address, from);
    if (link === null || !isSameSite(home, link)) continue;
    // The site of the first page decides about the protocol and about "www.".
    link.protocol = home.protocol;
    link.host = home.host;
    if (robots.allows(pathOf(link))) yield link;
    else collected.forbid(link.href);
  }
}

/** The pairs and reasons of all pages. */
class Collected {
  readonly pairs: FoundPair[] = [];
  private readonly known = new Set<string>();
  private readonly forbidden = new Set<string>();
  private readonly skipped = new Map<string, { count: number; first: string }>();
  private pagesWithPairs = 0;
  private duplicates = 0;

  take({ url, pairs, leftOut: counts }: Visit): void {
    const before = this.pairs.length;
    for (const { question, answer } of pairs) {
      const key = `${comparable(question)}\n${comparable(answer)}`;
      if (this.known.has(key)) this.duplicates++;
      else this.pairs.push({ question, answer, url });
      this.known.add(key);
    }
    if (this.pairs.length > before) this.pagesWithPairs++;
    for (const [what, words] of Object.entries(leftOut)) this.skip(words, url, counts[what] ?? 0);
  }

  skip(reason: string, url: string, times = 1): void {
    if (times === 0) return;
    const known = this.skipped.get(reason);
    if (known) known.count += times;
    else this.skipped.set(reason, { count: times, first: url });
  }

  forbid(url: string): void {
    if (this.forbidden.has(url)) return;
    this.forbidden.add(url);
    this.skip('forbidden by robots.txt', url);
  }

  report(): Pick<CrawlReport, 'pairs' | 'skipped' | 'pagesWithPairs' | 'duplicates'> {
    const { pairs, skipped, pagesWithPairs, duplicates } = this;
    return { pairs, skipped, pagesWithPairs, duplicates };
  }
}
