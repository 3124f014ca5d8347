// For tests and scripts: known questions, noisy wordings of them as hurried people type them, and questions that are not
// known. Deterministic.

import { pairsOf } from '../../src/bots/knowledge/pairs-of.js';
import { type Language, languageOf } from '../../src/bots/language.js';
import { normalize } from '../../src/bots/normalize.js';
import { withoutPoliteness } from '../../src/bots/retrieval/light-words.js';
import type { Pair } from '../../src/bots/store/store.js';
import { readCorpus } from '../../src/corpus/read-corpus.js';
import { Random } from '../../src/random.js';

export interface NoiseSet {
  readonly known: readonly Pair[];
  readonly noisy: readonly {
    readonly question: string;
    readonly meant: string;
    readonly language: Language;
  }[];
  readonly unknown: readonly { readonly question: string; readonly language: Language }[];
}

export interface NoiseSizes {
  readonly seed: number;
  readonly questions: number;
  readonly noisy: number;
  readonly unknown: number;
}

/** Shorter ones do not say enough to be found again with a letter wrong. */
const shortest = { en: 3, zh: 6 };

export function noiseSet(
  paths: readonly string[],
  { seed, questions, noisy, unknown }: NoiseSizes,
): NoiseSet {
  const random = new Random(seed);
  const seen = new Set<string>();
  const pairs = readCorpus(paths)
    .dialogues.flatMap((dialogue) => pairsOf(dialogue))
    .filter(({ question }) => {
      // Questions that differ in politeness alone are one.
      const text = withoutPoliteness(normalize(question));
      const isLong =
        languageOf(text) === 'zh' ? text.length >= shortest.zh : text.split(' ').length >= shortest.en;
      if (!isLong || text.length > 200 || seen.has(text)) return false;
      seen.add(text);
      return true;
    })
    .map((pair) => ({ ...pair, previous: null }));
  random.shuffle(pairs);
  const held = pairs.slice(0, unknown);
  const known = pairs.slice(unknown, unknown + questions);
  const meant = random.shuffle([...known]).slice(0, noisy);
  return {
    known,
    noisy: meant.map(({ question }) => ({
      question: withNoise(question, random),
      meant: question,
      language: languageOf(question),
    })),
    unknown: held.map(({ question }) => ({ question, language: languageOf(question) })),
  };
}

type Noise = (text: string, random: Random) => string;

const letters = 'abcdefghijklmnopqrstuvwxyz';

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.below(items.length)] as Item;
}

/** Changes a place away from digits: another number is another question. */
function at(
  text: string,
  change: (before: string, character: string, after: string) => string,
  random: Random,
) {
  const characters = [...text];
  const isNumber = (place: number) =>
    /\p{N}/u.test(characters.slice(Math.max(0, place - 1), place + 2).join(''));
  const places = characters.map((_, place) => place).filter((place) => !isNumber(place));
  if (places.length === 0) return text;
  const place = pick(places, random);
  return change(
    characters.slice(0, place).join(''),
    characters[place] ?? '',
    characters.slice(place + 1).join(''),
  );
}

// Punctuation within a number stays: 18.4 without it is another number.
const english: readonly Noise[] = [
  (text, random) => at(text, (before, _, after) => before + after, random),
  (text, random) => at(text, (before, _, after) => before + pick([...letters], random) + after, random),
  (text, random) => at(text, (before, one, after) => before + one + one + after, random),
  (text, random) =>
    at(text, (before, one, after) => before + after.slice(0, 1) + one + after.slice(1), random),
  (text) => text.toUpperCase(),
  (text) => text.replace(/(?<!\p{N})[^\p{L}\p{N} ]|[^\p{L}\p{N} ](?!\p{N})/gu, ''),
  (text, random) => `${pick(['hi, ', 'hello ', 'please ', 'so ', 'um ', 'ok, '], random)}${text}`,
  (text, random) => text.replace(/[?.!]*$/u, pick([' please?', ' thanks', '??', ' then?', ' plz'], random)),
  (text, random) => {
    const small = ['the', 'a', 'an', 'is', 'are', 'do', 'to', 'of', 'you', 'i', 'it'];
    const words = text.split(' ');
    const places = words.flatMap((word, place) => (small.includes(word.toLowerCase()) ? [place] : []));
    if (places.length === 0) return text;
    const dropped = pick(places, random);
    return words.filter((_, place) => place !== dropped).join(' ');
  },
  (text, random) => {
    const words = text.split(' ');
    const place = random.below(Math.max(1, words.length - 1));
    const [one = '', other = ''] = words.slice(place, place + 2);
    return [...words.slice(0, place), other, one, ...words.slice(place + 2)].join(' ').trim();
  },
];

const chinese: readonly Noise[] = [
  (text, random) => at(text, (before, _, after) => before + after, random),
  (text, random) => at(text, (before, one, after) => before + one + one + after, random),
  (text, random) =>
    at(text, (before, one, after) => before + after.slice(0, 1) + one + after.slice(1), random),
  (text, random) => `${pick(['请问', '你好，', '那', '嗯，', '想问一下，'], random)}${text}`,
  (text, random) => text.replace(/[？?。！]*$/u, pick(['呢？', '呀', '？？', '啊', '谢谢'], random)),
  (text) => text.replace(/[的了吗呢吧啊]/u, ''),
  (text) => text.replace(/(?<!\p{N})\p{P}|\p{P}(?!\p{N})/gu, ''),
  (text) =>
    [...text]
      .map((one) => (/[!-~]/.test(one) ? String.fromCharCode(one.charCodeAt(0) + 0xfee0) : one))
      .join(''),
];

/** One or two changes, of which at least one can be seen. */
function withNoise(text: string, random: Random): string {
  const kinds = languageOf(text) === 'zh' ? chinese : english;
  for (;;) {
    let noisy = text;
    for (let times = 1 + random.below(2); times > 0; times--) noisy = pick(kinds, random)(noisy, random);
    if (normalize(noisy) !== normalize(text) && normalize(noisy) !== '') return noisy;
  }
}
