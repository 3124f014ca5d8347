// The text as recognizers see it: HTML entities decoded, compatible characters in their plain form (full-width digits as ASCII
// digits), and invisible characters left out. Each position leads back to the original text.

const invisible = /[\p{Cf}\p{Variation_Selector}]|(?![\t\n\r])\p{Cc}/u;
const entity =
  /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|commat|period|colon|nbsp|hyphen|lowbar|plus|sol|num));/iy;
const named: Readonly<Record<string, string>> = {
  amp: '&',
  commat: '@',
  period: '.',
  colon: ':',
  nbsp: ' ',
  hyphen: '-',
  lowbar: '_',
  plus: '+',
  sol: '/',
  num: '#',
};

export interface TextView {
  readonly text: string;
  /** The offset in the original text at which the character at a position of the view begins. */
  start(position: number): number;
  /** The offset in the original text at which the character before a position of the view ends. */
  end(position: number): number;
}

const same = (position: number) => position;
/** ASCII needs no other form. */
const plain = /^[\t\n\r\x20-\x7e]*$/;

export function viewOf(text: string): TextView {
  const mayHoldEntity = text.includes('&') && text.includes(';');
  if (!mayHoldEntity && (plain.test(text) || isPlain(text))) return { text, start: same, end: same };
  return rewritten(text);
}

function isPlain(text: string): boolean {
  return !invisible.test(text) && text.normalize('NFKC') === text;
}

function rewritten(original: string): TextView {
  let text = '';
  const starts: number[] = [];
  const ends: number[] = [];
  for (let at = 0; at < original.length; ) {
    const { seen, length } = characterAt(original, at);
    for (let unit = 0; unit < seen.length; unit++) {
      starts.push(at);
      ends.push(at + length);
    }
    text += seen;
    at += length;
  }
  return {
    text,
    start: (position) => starts[position] ?? original.length,
    end: (position) => ends[position - 1] ?? 0,
  };
}

/** What is seen of the character or entity at an offset, and how long it is in the text. */
function characterAt(original: string, at: number): { readonly seen: string; readonly length: number } {
  const character = String.fromCodePoint(original.codePointAt(at) ?? 0);
  if (character === '&') return entityAt(original, at) ?? { seen: character, length: 1 };
  const seen = invisible.test(character) ? '' : character.normalize('NFKC');
  return { seen, length: character.length };
}

/** How often an escaped entity is decoded: `&amp;#64;` is `&#64;` is `@`. */
const mostEscapes = 3;

function entityAt(
  original: string,
  at: number,
): { readonly seen: string; readonly length: number } | undefined {
  let rest = original.slice(at, at + 40);
  let length = 0;
  for (let escapes = 0; escapes < mostEscapes; escapes++) {
    entity.lastIndex = 0;
    const found = entity.exec(rest);
    if (!found) break;
    const [whole, decimal, hexadecimal, name] = found;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
    const seen = name === undefined ? codePoint(code) : (named[name.toLowerCase()] ?? '');
    length += whole.length - (escapes === 0 ? 0 : 1);
    if (seen !== '&') return { seen: seen.normalize('NFKC'), length };
    rest = `&${rest.slice(whole.length)}`;
  }
  return length === 0 ? undefined : { seen: '&', length };
}

function codePoint(code: number): string {
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  const character = isCharacter ? String.fromCodePoint(code) : '\ufffd';
  return invisible.test(character) ? '' : character;
}
