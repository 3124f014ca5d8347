// Reads what synonyms need, looks through the corpus, and gives the variation. Loaded only when synonyms are asked for.

import type { Dialogue } from '../../../corpus/dialogue.js';
import { plural } from '../../../corpus/summary.js';
import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import { quoted } from '../../../quote.js';
import type { Asked, Variation } from '../augmenter.js';
import { replaceSome } from './candidate.js';
import { chineseCandidates, han, type LoadJieba, loadWords, type Words } from './chinese.js';
import { readChineseList } from './chinese-list.js';
import { englishCandidates, tokensIn } from './english.js';
import { readEnglishTable } from './english-table.js';
import { isUsable, listedWords, type Replacements, replacementsOf, wordsToCount } from './own-words.js';
import { Survey } from './survey.js';
import { readSynonymFile } from './synonym-file.js';
import { untouchedParts } from './untouched.js';

/** From this share of turns with Chinese characters on, the corpus is Chinese and cannot be varied without jieba. */
const mostlyChinese = 0.2;

export async function start(
  share: number,
  paths: readonly string[],
  corpus: Iterable<Dialogue>,
  load?: LoadJieba,
): Promise<Variation> {
  const files = paths.map(readSynonymFile);
  const table = readEnglishTable();
  const listed = readChineseList();
  const wanted = wordsToCount(files);
  const listedByPeople = listedWords(files);
  const survey = new Survey({
    has: (word) => table.words.has(word) || wanted.has(word) || listedByPeople.has(word),
  });
  for (const dialogue of corpus) survey.see(dialogue);
  const { jieba, notes } = await jiebaFor(survey, [...listed.keys(), ...listedByPeople], load);
  const counts = wanted.size > 0 ? counted(corpus, wanted, jieba) : new Map<string, number>();
  const own = replacementsOf(files, (word) => counts.get(word) ?? 0);
  const chinese: Replacements = new Map([...listed, ...own]);
  const isName = (word: string) => survey.isName(word);
  const varied = ({ text, names, random }: Asked): string | null => {
    const untouched = untouchedParts(text, names);
    const found = englishCandidates(text, table, own, isName, untouched);
    if (jieba && han.test(text))
      found.push(...chineseCandidates(text, jieba.cut, chinese, isName, untouched));
    found.sort((one, other) => one.start - other.start);
    return replaceSome(text, found, share, random);
  };
  return {
    kind: 'variation',
    vary: (turns) => turns.map(varied),
    end: () => [...notes, ...traditionalTurns(survey), ...unusedWords(listedByPeople)],
  };
}

function traditionalTurns({ traditional }: Survey): readonly string[] {
  if (traditional === 0) return [];
  return [
    `${plural(traditional, 'turn')} of the corpus ${traditional === 1 ? 'is' : 'are'} in traditional Chinese, but the list of the program is in simplified characters; list traditional words with ${option('synonymFile')}`,
  ];
}

function unusedWords(words: ReadonlySet<string>): readonly string[] {
  const unused = [...words].filter((word) => !isUsable(word));
  if (unused.length === 0) return [];
  return [
    `${plural(unused.length, 'word')} of ${option('synonymFile')} stay as they are, because they negate or count, or have other characters than letters: ${unused
      .slice(0, 5)
      .map((word) => quoted(word, 20))
      .join(', ')}`,
  ];
}

/** A file of synonyms without the share of words to replace. */
export function unusedFile(): UserError {
  return new UserError(
    'options-conflict',
    `${option('synonymFile')} has no effect without ${option('synonyms')}; add it with the share of words to replace`,
  );
}

/** The Chinese words of the corpus are only told apart if there are any. */
async function jiebaFor(
  { turns, chinese }: Survey,
  words: readonly string[],
  load?: LoadJieba,
): Promise<{ readonly jieba: Words | null; readonly notes: readonly string[] }> {
  if (chinese === 0) return { jieba: null, notes: [] };
  try {
    return { jieba: await loadWords(words, load), notes: [] };
  } catch (thrown) {
    if (!(thrown instanceof UserError) || chinese >= mostlyChinese * turns) throw thrown;
    return {
      jieba: null,
      notes: [`Chinese words (in ${plural(chinese, 'turn')}) stay as they are: ${thrown.sentence}`],
    };
  }
}

/** How often the corpus holds each of the words, except for names and small words. */
function counted(
  corpus: Iterable<Dialogue>,
  words: ReadonlySet<string>,
  jieba: Words | null,
): Map<string, number> {
  const counts = new Map<string, number>();
  const see = (word: string) => {
    if (words.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  };
  for (const { turns } of corpus)
    for (const { text } of turns) {
      for (const { small } of tokensIn(text)) see(small);
      if (jieba && han.test(text)) jieba.cut(text).forEach(see);
    }
  for (const word of counts.keys()) if (jieba?.isFixed(word)) counts.delete(word);
  return counts;
}
