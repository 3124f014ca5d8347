// Finds Chinese words that have synonyms. Words are told apart by jieba and its dictionary, without its guesses at unknown words,
// which would join 我想订 to one word.

import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import type { Candidate } from './candidate.js';
import type { Replacements } from './own-words.js';
import type { Untouched } from './untouched.js';

export interface Words {
  /** Cuts a text into words, which are the whole text together. */
  readonly cut: (text: string) => readonly string[];
  /**
   * Whether the dictionary has the word as a name of a person, place or organization, or as a small word such as a pronoun or
   * conjunction. Words of one character count too: they have many meanings.
   */
  readonly isFixed: (word: string) => boolean;
}

export const han = /\p{Script=Han}/u;

/** Frequent characters that are written in another way in simplified Chinese. */
const traditionalOnly =
  /[個們這說時來會對過還為麼嗎給從後裡裏國學買賣錢電話開關門問間見長東車號碼機訂請謝點沒麗將應當實現兩頭萬億幾誰讓該邊進遠運動題類樣種經絡網頁貨單價費聽寫讀語認識覺歡樂愛親貴飯館務業產員]/u;

/** Japanese is written with some of the same characters, but hardly without kana. */
export function isTraditional(text: string): boolean {
  return traditionalOnly.test(text) && !/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text);
}

const jiebaPackage = async () =>
  Promise.all([import('@node-rs/jieba'), import('@node-rs/jieba/dict.js')] as const);

/** Loads the package that tells words apart. */
export type LoadJieba = typeof jiebaPackage;

/**
 * Loads the dictionary, which takes half a second.
 * @param words that the dictionary may lack.
 * @throws UserError (usage) if the package is not installed.
 */
export async function loadWords(words: Iterable<string>, load: LoadJieba = jiebaPackage): Promise<Words> {
  try {
    const [{ Jieba }, { dict }] = await load();
    const jieba = Jieba.withDict(dict);
    // Two characters could also stand at the end of a word and at the beginning of the next.
    const missing = [...words].filter(
      (word) => [...word].length > 2 && /^\p{Script=Han}+$/u.test(word) && jieba.cut(word, false).length > 1,
    );
    if (missing.length > 0) jieba.loadDict(Buffer.from(missing.map((word) => `${word} 1000 n\n`).join('')));
    return {
      cut: (text) => jieba.cut(text, false),
      isFixed: (word) =>
        han.test(word) &&
        ([...word].length === 1 || /^(?:n[rst]|[cpurymq])/.test(jieba.tag(word, false)[0]?.tag ?? '')),
    };
  } catch (thrown) {
    throw new UserError(
      'package-missing',
      `${option('synonyms')} needs the package @node-rs/jieba to tell Chinese words apart; install it with npm install @node-rs/jieba@2.0.3`,
      { cause: thrown },
    );
  }
}

/** Characters that make a longer word with the word before them: 手机壳, 电影类. */
const suffix = /^[号店机员家部院器站费卡单证城区馆票片类型界网版性率者化日节课奖壳座生师长们族式人]/;
/** Names of prizes, festivals and organizations: 电影金马奖. */
const named = /(?:奖|节|学院|学会|协会|公司|集团|大学)$/;
const naming = /(?:叫|名叫|叫做|叫作|姓|名为|昵称|网名|绰号)$/;

export function chineseCandidates(
  text: string,
  cut: Words['cut'],
  replacements: Replacements,
  isName: (word: string) => boolean,
  untouched: Untouched,
): Candidate[] {
  const words = cut(text);
  if (words.join('') !== text) return [];
  let end = 0;
  return words.flatMap((word, index) => {
    const start = end;
    end += word.length;
    const found = replacements.get(word);
    if (found === undefined || isName(word) || untouched(start, end)) return [];
    return isPart(words, index) ? [] : [{ start, end, replacements: found }];
  });
}

/** Whether a word belongs to others around it, so that it cannot be replaced alone. */
function isPart(words: readonly string[], index: number): boolean {
  const word = words[index] ?? '';
  const [before2 = '', before = '', , after = '', after2 = ''] = [-2, -1, 0, 1, 2].map(
    (by) => words[index + by],
  );
  if (after === word || before === word || naming.test(before)) return true;
  // 高不高兴, 喜欢不喜欢.
  if (/^[不没]$/.test(before) && before2 !== '' && word.startsWith(before2)) return true;
  if (/^[不没]$/.test(after) && (after2 === word || word.startsWith(after2)) && after2 !== '') return true;
  return named.test(after) || ([...after].length === 1 && suffix.test(after));
}
