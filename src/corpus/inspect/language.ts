// The language of a dialogue. Scripts decide where they can; for all others a detector judges the text of all turns together,
// because single turns are too short. The detector is an optional package, loaded only when it is asked for.

import type { Dialogue } from '../dialogue.js';

/** ISO 639-1, or `unknown`. */
export type Language = string;

/** The most likely language of a text, or an empty string. */
type Detector = (text: string) => string;

/** More text changes no judgement. */
const longestText = 2000;
/** With fewer letters, a detector guesses. */
const fewestLetters = 12;

export class Languages {
  private constructor(private readonly detect: Detector | null) {}

  /** Tells only languages with a script of their own apart, without a package. */
  static ofScripts(): Languages {
    return new Languages(null);
  }

  /** Without the package eld, only languages with a script of their own are told apart. */
  static async load(): Promise<Languages> {
    try {
      const { eld } = await import('eld/small');
      return new Languages((text) => eld.detect(text).language);
    } catch {
      return new Languages(null);
    }
  }

  get isComplete(): boolean {
    return this.detect !== null;
  }

  of(dialogue: Dialogue): Language {
    return this.ofText(spoken(dialogue));
  }

  /** Whether a dialogue has enough letters to be judged. */
  canJudge(dialogue: Dialogue): boolean {
    return count(spoken(dialogue), /\p{L}/gu) >= fewestLetters;
  }

  ofText(text: string): Language {
    const letters = count(text, /\p{L}/gu);
    if (letters === 0) return 'unknown';
    // A text in one of these scripts has many words of other languages: names, brands, addresses.
    const share = (script: RegExp) => count(text, script) / letters;
    if (share(/\p{Script=Hangul}/gu) > 0.3) return 'ko';
    const kana = share(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
    const han = share(/\p{Script=Han}/gu);
    if (kana > 0.1 && kana + han > 0.3) return 'ja';
    if (han > 0.3) return 'zh';
    const cyrillic = share(/\p{Script=Cyrillic}/gu) > 0.5;
    if (letters < fewestLetters) return cyrillic ? cyrillicByLetters(text) : 'unknown';
    const detected = this.detect?.(text) ?? '';
    if (cyrillic) return cyrillicLanguages.has(detected) ? detected : cyrillicByLetters(text);
    return detected === '' ? 'unknown' : detected;
  }
}

function spoken({ turns }: Dialogue): string {
  let text = '';
  for (const turn of turns) {
    if (turn.role === 'system') continue;
    text += `${turn.text}\n`;
    if (text.length >= longestText) break;
  }
  return text.slice(0, longestText);
}

const cyrillicLanguages: ReadonlySet<string> = new Set([
  'ru',
  'uk',
  'be',
  'bg',
  'sr',
  'mk',
  'kk',
  'ky',
  'mn',
  'tg',
]);

function cyrillicByLetters(text: string): Language {
  return /[іїєґ]/i.test(text) ? 'uk' : 'ru';
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
