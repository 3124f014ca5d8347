// Remembers the tokens of words. A word is looked up as a range of a text, so that no string is made for it. Words and tokens
// lie in flat arrays, which are emptied when they are full.

const mostWords = 2 ** 17;
const mostUnits = 2 ** 20;
const mostTokens = 2 ** 19;
/** At most half full. */
const places = 2 * mostWords;
/** A word that is further from its place in the table is not remembered. Text can be made to collide. */
const mostProbes = 32;

export class WordCache {
  private readonly hashes = new Int32Array(mostWords);
  /** Where the characters and tokens of each word end. They begin where those of the word before end. */
  private readonly unitEnds = new Int32Array(mostWords + 1);
  private readonly tokenEnds = new Int32Array(mostWords + 1);
  private readonly units = new Uint16Array(mostUnits);
  private readonly tokens = new Int32Array(mostTokens);
  /** A hash table: 1 plus the number of a word, or 0 for a free place. */
  private readonly table = new Int32Array(places);
  private words = 0;

  /**
   * Appends the tokens of the word in [start, end) of `text` to `ids`.
   * @param encode gives the tokens of a word that is not known.
   */
  append(text: string, start: number, end: number, ids: number[], encode: (word: string) => number[]): void {
    const hash = hashOf(text, start, end);
    for (let probe = 0; probe < mostProbes; probe++) {
      const word = (this.table[(hash + probe) & (places - 1)] ?? 0) - 1;
      if (word < 0) break;
      if (this.hashes[word] === hash && this.isWord(word, text, start, end)) {
        const last = this.tokenEnds[word + 1] ?? 0;
        for (let at = this.tokenEnds[word] ?? 0; at < last; at++) ids.push(this.tokens[at] ?? 0);
        return;
      }
    }
    const tokens = encode(text.slice(start, end));
    for (const id of tokens) ids.push(id);
    this.remember(text, start, end, tokens, hash);
  }

  private isWord(word: number, text: string, start: number, end: number): boolean {
    const first = this.unitEnds[word] ?? 0;
    if ((this.unitEnds[word + 1] ?? 0) - first !== end - start) return false;
    for (let at = start; at < end; at++)
      if (this.units[first + at - start] !== text.charCodeAt(at)) return false;
    return true;
  }

  private remember(text: string, start: number, end: number, tokens: readonly number[], hash: number): void {
    const hasRoom =
      this.words < mostWords &&
      (this.unitEnds[this.words] ?? 0) + end - start <= mostUnits &&
      (this.tokenEnds[this.words] ?? 0) + tokens.length <= mostTokens;
    if (!hasRoom) {
      this.table.fill(0);
      this.words = 0;
    }
    let probe = 0;
    while (this.table[(hash + probe) & (places - 1)] !== 0) if (++probe === mostProbes) return;
    const word = this.words++;
    let unit = this.unitEnds[word] ?? 0;
    for (let at = start; at < end; at++) this.units[unit++] = text.charCodeAt(at);
    this.tokens.set(tokens, this.tokenEnds[word]);
    this.hashes[word] = hash;
    this.unitEnds[word + 1] = unit;
    this.tokenEnds[word + 1] = (this.tokenEnds[word] ?? 0) + tokens.length;
    this.table[(hash + probe) & (places - 1)] = word + 1;
  }
}

/** FNV-1a over 16-bit units, with its high bits mixed into the low ones, which choose the place. */
function hashOf(text: string, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
