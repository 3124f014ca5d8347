// Finds the names in chats of LINE that put a blank between name and text: `15:04 Ann Lee Hello`. Nothing in a single line
// says where the name ends. The heading names the other person of a chat of two. Otherwise the words that nearly all
// messages with the same beginning have in common are the name.

/** A name has at most this many words. */
const mostWords = 5;
/** With fewer messages, a common beginning can be chance. */
const fewestMessages = 4;
const nearlyAll = 0.9;
/** A hostile file can have any number of beginnings. */
const mostBeginnings = 200_000;

const headings: readonly RegExp[] = [
  /^\[LINE\] ?Chat history (?:with|in) (.+)$/i,
  /^\[LINE\] ?(?:與|与)?(.+?)(?:との|の)トーク履歴$/,
  /^\[LINE\] ?(?:與|与)?(.+?)(?:的聊天(?:記錄|记录|紀錄)|的對話記錄)$/,
];

export function nameInHeading(heading: string): string | undefined {
  for (const pattern of headings) {
    const name = pattern.exec(heading.trim())?.[1]?.trim();
    if (name !== undefined) return name;
  }
  return undefined;
}

export class SpokenNames {
  /** How many messages begin with these words. */
  private readonly beginnings = new Map<string, number>();
  /** The words that follow a beginning. */
  private readonly next = new Map<string, Set<string>>();
  private readonly isLonger = new Map<string, boolean>();

  /** @param known a name, if the heading has one. */
  constructor(private readonly known: string | undefined) {}

  /** @param said name and text. Call for all messages before asking for a name. */
  add(said: string): void {
    if (this.startsWithKnown(said)) return;
    let beginning = '';
    for (const word of wordsOf(said)) {
      if (this.beginnings.size > mostBeginnings) return;
      const longer = beginning === '' ? word : `${beginning} ${word}`;
      this.beginnings.set(longer, (this.beginnings.get(longer) ?? 0) + 1);
      const others = this.next.get(beginning);
      if (others) others.add(longer);
      else this.next.set(beginning, new Set([longer]));
      beginning = longer;
    }
  }

  /** The name at the beginning of a message. Empty if there is no text behind it. */
  nameOf(said: string): string {
    if (this.startsWithKnown(said)) return this.known ?? '';
    const words = wordsOf(said);
    let name = words[0] ?? '';
    for (const word of words.slice(1)) {
      if (!this.isAlwaysLonger(name)) break;
      name = `${name} ${word}`;
    }
    return said.length > name.length ? name : '';
  }

  private startsWithKnown(said: string): boolean {
    return this.known !== undefined && said.startsWith(`${this.known} `);
  }

  /** Whether nearly all messages that begin so go on with one of a few words, each of them often. */
  private isAlwaysLonger(name: string): boolean {
    const known = this.isLonger.get(name);
    if (known !== undefined) return known;
    const count = this.beginnings.get(name) ?? 0;
    let often = 0;
    for (const longer of this.next.get(name) ?? []) {
      const times = this.beginnings.get(longer) ?? 0;
      const isWord = !/[[\]]$|^\[|[.,!?。！？、…:]$/.test(longer.slice(name.length + 1));
      if (isWord && times >= Math.max(fewestMessages, 0.2 * count)) often += times;
    }
    const isLonger = count >= fewestMessages && often >= nearlyAll * count;
    this.isLonger.set(name, isLonger);
    return isLonger;
  }
}

function wordsOf(said: string): string[] {
  return said.slice(0, 200).split(' ', mostWords);
}
