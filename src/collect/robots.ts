// robots.txt (RFC 9309): which paths of a site a program may fetch, and how long it waits between requests. The group that
// names this program counts, otherwise the group for all. It knows nothing about fetching.

export interface Robots {
  /** @param path with its query. */
  allows(path: string): boolean;
  /** Seconds between requests that the site asks for; null if it does not. */
  readonly crawlDelay: number | null;
}

/** Without a robots.txt, everything is allowed. */
export const allowAll: Robots = { allows: () => true, crawlDelay: null };

/** RFC 9309: a site whose robots.txt fails does not want to be crawled now. */
export const forbidAll: Robots = { allows: () => false, crawlDelay: null };

interface Group {
  readonly agents: string[];
  readonly rules: Rule[];
  crawlDelay: number | null;
}

interface Rule {
  readonly allow: boolean;
  readonly pattern: string;
}

const mostRules = 10_000;

/** @param agent the product name of this program, in lower case. */
export function parseRobots(text: string, agent: string): Robots {
  const groups = groupsOf(text);
  const named = groups.filter(({ agents }) => agents.includes(agent));
  const chosen = named.length > 0 ? named : groups.filter(({ agents }) => agents.includes('*'));
  const rules = chosen.flatMap((group) => group.rules);
  const delays = chosen.flatMap(({ crawlDelay }) => crawlDelay ?? []);
  return {
    allows: (path) => isAllowed(rules, normalized(path)),
    crawlDelay: delays.length === 0 ? null : Math.max(...delays),
  };
}

/** Consecutive User-agent lines share the rules that follow. */
function groupsOf(text: string): Group[] {
  const groups: Group[] = [];
  let namesAgents = false;
  let rules = 0;
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n?|\n/)) {
    const [, key = '', value = ''] = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line) ?? [];
    const name = key.toLowerCase();
    const given = value.trim();
    if (name === 'user-agent') {
      const group = namesAgents ? groups.at(-1) : undefined;
      // Some files add a version, which is not part of the name.
      const agent = given.toLowerCase().split(/[/\s]/)[0] ?? '';
      if (group) group.agents.push(agent);
      else groups.push({ agents: [agent], rules: [], crawlDelay: null });
      namesAgents = true;
    } else if (name === 'allow' || name === 'disallow') {
      namesAgents = false;
      // An empty Disallow forbids nothing.
      if (given !== '' && ++rules <= mostRules)
        groups.at(-1)?.rules.push({ allow: name === 'allow', pattern: normalized(given) });
    } else if (name === 'crawl-delay') {
      namesAgents = false;
      const group = groups.at(-1);
      if (group && /^\d+(?:\.\d+)?$/.test(given)) group.crawlDelay = Number(given);
    }
  }
  return groups;
}

/** The longest pattern that matches decides. Allow wins if both have the same length. */
function isAllowed(rules: readonly Rule[], path: string): boolean {
  let longest = -1;
  let allowed = true;
  for (const { allow, pattern } of rules) {
    if (pattern.length < longest || (pattern.length === longest && !allow) || !matches(pattern, path))
      continue;
    longest = pattern.length;
    allowed = allow;
  }
  return allowed;
}

/** `*` stands for any characters, and a final `$` for the end of the path. Takes linear time per part of the pattern. */
function matches(pattern: string, path: string): boolean {
  const toEnd = pattern.endsWith('$');
  const parts = (toEnd ? pattern.slice(0, -1) : pattern).split('*');
  const [first = '', ...rest] = parts;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  const last = toEnd ? rest.pop() : undefined;
  for (const part of rest) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  if (!toEnd) return true;
  return last === undefined ? at === path.length : path.length - last.length >= at && path.endsWith(last);
}

/** Percent-encodes what is not ASCII and decodes what need not be encoded, so that both spellings of a path match. */
function normalized(path: string): string {
  return path.replace(/[^\0-\x7f]+/g, percentEncoded).replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase()}`).join('');
}
