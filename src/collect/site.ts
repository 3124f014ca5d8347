// Which addresses belong to a crawl: those of the site of the first page, spelt in one way, without endless series. A site is
// a host and port, with and without "www.", by http or https. Never leaving it also keeps a public site from sending a
// crawl into a private network.

/** @returns null if the text is not an http or https address. */
export function webAddress(text: string, base?: URL): URL | null {
  if (!URL.canParse(text, base?.href)) return null;
  const url = new URL(text, base?.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  url.hash = '';
  return url;
}

export function isSameSite(one: URL, other: URL): boolean {
  if (siteName(one) !== siteName(other)) return false;
  const usual = ({ port }: URL) => port === '';
  return one.port === other.port && (one.protocol === other.protocol || (usual(one) && usual(other)));
}

function siteName({ hostname }: URL): string {
  return hostname.replace(/^www\./, '').replace(/\.$/, '');
}

/** Files that are not pages, by their extension, so that they need not be requested. */
const otherFile =
  /\.(?:pdf|docx?|xlsx?|pptx?|odt|zip|gz|tgz|bz2|xz|7z|rar|exe|dmg|apk|iso|png|jpe?g|gif|webp|svg|ico|bmp|tiff?|mp[34]|m4[av]|avi|mov|webm|ogg|wav|flac|css|js|mjs|json|xml|rss|atom|woff2?|ttf|eot|csv|ics)$/i;

const longestAddress = 2000;
const deepestPath = 20;
/** Most pages of a series: addresses that differ only in numbers, or only in the query. */
const mostOfSeries = 50;
/** Most addresses that a crawl remembers. */
const mostAddresses = 100_000;

export type NotFollowed = 'other-file' | 'too-long' | 'repeats' | 'series' | 'too-many';

/** Sentences for reports, after a number of links. */
export const notFollowedWords: Readonly<Record<NotFollowed, string>> = {
  'other-file': 'to files that are not pages',
  'too-long': 'with addresses that are too long',
  repeats: 'with paths that repeat themselves',
  series: `beyond the first ${mostOfSeries} whose addresses differ only in numbers or in the query`,
  'too-many': 'beyond what one crawl remembers',
};

/** The addresses of a crawl that have been seen, each once. */
export class Addresses {
  private readonly seen = new Set<string>();
  private readonly series = new Map<string, number>();
  private readonly counts = new Map<NotFollowed, number>();

  /** Whether to visit an address of the site. Says yes once for each. */
  accepts(url: URL): boolean {
    const key = keyOf(url);
    if (this.seen.has(key)) return false;
    const reason = this.refusal(url);
    // A refused address is remembered too, so that it counts once.
    if (this.seen.size < mostAddresses) this.seen.add(key);
    if (reason === undefined) return true;
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    return false;
  }

  /** Notes an address that a redirect led to. @returns whether it is new. */
  notes(url: URL): boolean {
    const key = keyOf(url);
    const isNew = !this.seen.has(key);
    this.seen.add(key);
    return isNew;
  }

  get notFollowed(): ReadonlyMap<NotFollowed, number> {
    return this.counts;
  }

  private refusal({ href, pathname, search }: URL): NotFollowed | undefined {
    if (otherFile.test(pathname)) return 'other-file';
    if (href.length > longestAddress) return 'too-long';
    const parts = pathname.split('/').filter((part) => part !== '');
    if (parts.length > deepestPath || repeats(parts)) return 'repeats';
    if (this.seen.size >= mostAddresses) return 'too-many';
    const shapes = [pathname.replace(/\d+/g, '0') + search.replace(/\d+/g, '0')];
    if (search !== '') shapes.push(`${pathname}?`);
    const isPlain = search === '' && !/\d/.test(pathname);
    if (isPlain) return undefined;
    const counts = shapes.map((shape) => (this.series.get(shape) ?? 0) + 1);
    if (counts.some((count) => count > mostOfSeries)) return 'series';
    for (const [index, shape] of shapes.entries()) this.series.set(shape, counts[index] ?? 0);
    return undefined;
  }
}

/** One spelling for addresses that lead to the same page on almost every site. */
function keyOf(url: URL): string {
  const { pathname, searchParams } = new URL(url);
  for (const name of [...searchParams.keys()])
    if (/^(?:utm_\w+|fbclid|gclid|msclkid|sessionid|phpsessid|jsessionid)$/i.test(name))
      searchParams.delete(name);
  searchParams.sort();
  const path = pathname.replace(/\/(?:index\.(?:html?|php))?$/i, '');
  const query = searchParams.toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Broken relative links grow without end: /faq/faq/faq. */
function repeats(parts: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  return [...counts.values()].some((count) => count > 2);
}
