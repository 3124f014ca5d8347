// English number words: `twenty-three`, `two hundred and five thousand`, `one point five million`. It knows nothing of digits.

const units = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const teens = [
  ...['ten', 'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen'],
  'nineteen',
];
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** Powers of ten that multiply what stands before them. */
export const scales: ReadonlyMap<string, number> = new Map([
  ['thousand', 3],
  ['million', 6],
  ['billion', 9],
  ['trillion', 12],
]);

type Word =
  | { readonly kind: 'unit' | 'teen' | 'ten'; readonly value: number }
  | { readonly kind: 'hundred' | 'and' | 'point' | 'a' }
  | { readonly kind: 'scale'; readonly zeros: number };

const words: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...units.map((word, value) => [word, { kind: 'unit', value }] as const),
  ...teens.map((word, at) => [word, { kind: 'teen', value: 10 + at }] as const),
  ...tens.map((word, at) => [word, { kind: 'ten', value: 20 + 10 * at }] as const),
  ...[...scales].map(([word, zeros]) => [word, { kind: 'scale', zeros }] as const),
  ['hundred', { kind: 'hundred' }],
  ['and', { kind: 'and' }],
  ['point', { kind: 'point' }],
  ['a', { kind: 'a' }],
]);

/** A number that is written in a text. */
export interface WrittenNumber {
  /** Where it ends. */
  readonly end: number;
  /** In digits, with a point before decimals: `1500000`, `3.14`. */
  readonly digits: string;
}

const nextWord = /[ -]?([a-z]+)/y;
const mostWords = 40;

/** The longest number in words that begins at a position of a text in lower case. */
export function englishNumberAt(text: string, at: number): WrittenNumber | null {
  const reading = new Reading();
  let found: WrittenNumber | null = null;
  let position = at;
  for (let count = 0; count < mostWords; count++) {
    nextWord.lastIndex = position;
    const [whole = '', name = ''] = nextWord.exec(text) ?? [];
    const word = words.get(name);
    if (!word || (count === 0 && whole !== name) || !reading.take(word)) break;
    position += whole.length;
    const digits = reading.digits;
    if (digits !== null) found = { end: position, digits };
  }
  return found;
}

/** What was read so far, and what may follow. */
class Reading {
  private total = 0n;
  /** What the next scale multiplies. */
  private group = 0;
  private last: Word['kind'] | 'zero' | 'start' = 'start';
  private smallestScale = Number.POSITIVE_INFINITY;
  private decimals: string | null = null;
  private decimalScale = 0;

  /** The number, or null if it cannot end here. */
  get digits(): string | null {
    if (this.last === 'and' || this.last === 'a' || this.last === 'point' || this.last === 'start')
      return null;
    const whole = this.total + BigInt(this.group);
    return this.decimals === null ? `${whole}` : shifted(`${whole}`, this.decimals, this.decimalScale);
  }

  /** @returns false if the word cannot follow. */
  take(word: Word): boolean {
    const taken = this.decimals === null ? this.takeWhole(word) : this.takeDecimal(word);
    if (taken)
      this.last = word.kind === 'unit' && word.value === 0 && this.decimals === null ? 'zero' : word.kind;
    return taken;
  }

  private takeWhole(word: Word): boolean {
    const { last } = this;
    switch (word.kind) {
      case 'unit': {
        const fits = last === 'ten' || this.opensGroup(last);
        if (!fits || (word.value === 0 && last !== 'start')) return false;
        this.group += word.value;
        return true;
      }
      case 'teen':
      case 'ten':
        if (!this.opensGroup(last)) return false;
        this.group += word.value;
        return true;
      case 'hundred':
        if (last === 'a') this.group = 1;
        else if (last !== 'unit' && last !== 'teen' && last !== 'ten') return false;
        if (this.group === 0 || this.group >= 100) return false;
        this.group *= 100;
        return true;
      case 'scale':
        if (last === 'a') this.group = 1;
        if (this.group === 0 || last === 'and' || word.zeros >= this.smallestScale) return false;
        this.total += BigInt(this.group) * 10n ** BigInt(word.zeros);
        this.group = 0;
        this.smallestScale = word.zeros;
        return true;
      case 'and':
        return last === 'hundred' || last === 'scale';
      case 'point':
        if (last === 'start' || last === 'and' || last === 'a') return false;
        this.decimals = '';
        return true;
      case 'a':
        return last === 'start';
      default:
        word satisfies never;
        return false;
    }
  }

  private opensGroup(last: Reading['last']): boolean {
    return last === 'start' || last === 'hundred' || last === 'scale' || last === 'and';
  }

  private takeDecimal(word: Word): boolean {
    if (word.kind === 'unit' && this.decimalScale === 0) {
      this.decimals += String(word.value);
      return true;
    }
    if (word.kind !== 'scale' || this.last === 'point' || this.decimalScale !== 0) return false;
    this.decimalScale = word.zeros;
    return true;
  }
}

/** `1` and `5` by 6 zeros: `1500000`. */
export function shifted(whole: string, decimals: string, zeros: number): string {
  const moved = `${whole}${decimals.slice(0, zeros).padEnd(zeros, '0')}`.replace(/^0+(?=\d)/, '');
  const rest = decimals.slice(zeros);
  return rest === '' ? moved : `${moved}.${rest}`;
}
