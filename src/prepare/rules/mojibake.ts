// Repairs UTF-8 that was read as Windows-1252 or Latin-1, once or several times: `Itâ€™s` was `It’s`, `ä½ å¥½` was `你好`.
//
// Text that is right stays. A sequence of letters and signs that happens to be UTF-8 (`Brontë…”`) is repaired only if it cannot
// be real text, or is one of several in a row. Which sequences are real text follows ftfy's heuristics (Speer 2019).

import { highBytes, windows1252 } from '../../corpus/windows-1252.js';
import type { TextRepair } from '../rule.js';

const inClass = (from: number, to: number) =>
  [...highBytes].flatMap(([character, byte]) => (byte >= from && byte <= to ? [character] : [])).join('');
const continuation = `[${inClass(0x80, 0xbf)}]`;
/** The forms of UTF-8. The decoder checks the rest. */
const sequence = `[${inClass(0xc2, 0xdf)}]${continuation}|[${inClass(0xe0, 0xef)}]${continuation}{2}|[${inClass(0xf0, 0xf4)}]${continuation}{3}`;
const sequences = new RegExp(sequence, 'g');
const onlySequences = new RegExp(`^(?:${sequence})+$`);
const run = new RegExp(`[${inClass(0x80, 0xff)}]{2,}`, 'g');

/** Signs that follow a letter in real text: quotes, dashes, trade marks, degrees, footnotes, prices, and letters. */
const plausibleAfterLetter = /^[…‘’“”–—«»‹›•·´™®©°ªº¹²³£¢¥¤\xa0\xad‚ŠšŒœŽžŸ¡¿]+$/;
/** Of these, those that no letter follows in real text. */
const endsWord = /[°«»‘“ªº¹²³]$/;
/** What common characters became: accented Latin letters, signs such as ’ and ✔, Vietnamese letters. */
const typical =
  /^Â[\xa0-\xbf]|^Ã[\x80-\x9f€ƒ„†‡ˆ‰‹‚ŠšŒœŽžŸ\xa1-\xaa\xac-\xba\xbc-\xbf]|^â[€‚œ˜™š›”„†‡]|^áº|^á»[^…”’–—•›]/;
/** In capitals, accented letters became `Ã` and a quote or dash: `HÃ”TEL`. */
const capitals = /^Ã[‘’“”•–—˜™›…]$/;
const control = /[\x80-\x9f]/g;
const suspicious = /[\x80-\xff]/;

/** More layers than this do not occur. */
const mostLayers = 8;

export const mojibake: TextRepair = {
  name: 'mojibake',
  help: 'Keep UTF-8 that was read as Windows-1252 or Latin-1 as it is, such as Itâ€™s, instead of repairing it.',
  byDefault: true,
  options: {},
  examples: [
    { before: ['Itâ€™s a cafÃ©?', 'NaÃ¯ve, 20Â°!'], after: ['It’s a café?', 'Naïve, 20°!'] },
    { before: ['ä½\xa0å¥½', 'å†\x8dè§\x81 ðŸ˜€'], after: ['你好', '再见 😀'] },
    { before: ['CafÃƒÂ© at five?', 'CafÃ\x83Â©!'], after: ['Café at five?', 'Café!'] },
    {
      before: ['Charlotte Brontë…”', 'CAFÉ™ à la “Straß”, 20° KNÍŽKA'],
      after: ['Charlotte Brontë…”', 'CAFÉ™ à la “Straß”, 20° KNÍŽKA'],
    },
  ],
  start: () => repaired,
};

export function repaired(text: string): string {
  let before = text;
  for (let layer = 0; layer < mostLayers; layer++) {
    const after = withoutLayer(before);
    if (after === before) break;
    before = after;
  }
  return before;
}

function withoutLayer(text: string): string {
  if (!suspicious.test(text)) return text;
  let isBroken = false;
  const decodedRuns = text.replace(run, (whole, start: number) => {
    if (onlySequences.test(whole) && (whole.match(sequences)?.length ?? 0) > 1) {
      const decoded = decode(whole);
      if (decoded !== null) {
        isBroken = true;
        return decoded;
      }
    }
    return whole.replace(sequences, (one, at: number) => {
      const after = whole[at + one.length] ?? text[start + whole.length] ?? '';
      const decoded = isImpossibleAlone(one, after) ? decode(one) : null;
      isBroken ||= decoded !== null;
      return decoded ?? one;
    });
  });
  const restored = isBroken ? withLostSpaces(decodedRuns) : decodedRuns;
  return restored.replace(control, (character) => windows1252[character.charCodeAt(0) - 0x80] ?? character);
}

/** Whether a sequence cannot be real text. @param after the character that follows it. */
function isImpossibleAlone(one: string, after: string): boolean {
  if (typical.test(one)) return true;
  if (/^\p{Lu}/u.test(after) && capitals.test(one)) return true;
  if (/^\p{L}/u.test(after) && endsWord.test(one)) return true;
  return !one.startsWith('×') && !plausibleAfterLetter.test(one.slice(1));
}

/** In texts that are broken elsewhere: a no-break space that became a space or was trimmed, so that
 * `Ã la` was `à la`, and the closing quote, whose last byte has no character in Windows-1252. */
function withLostSpaces(text: string): string {
  return text
    .replace(/Ã (?:(?=s(?: |$)|quel)| )|Ã(?= |$)/gm, (lost) => (lost.endsWith('  ') ? 'à ' : 'à'))
    .replace(/Â(?= |$)/gm, '')
    .replace(/â€\ufffd/g, '”');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null if it is not valid UTF-8. */
function decode(text: string): string | null {
  try {
    return decoder.decode(Uint8Array.from(text, (character) => highBytes.get(character) ?? 0));
  } catch {
    return null;
  }
}
