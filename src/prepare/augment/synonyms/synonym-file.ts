// Reads files of synonyms that people bring, in one of three formats, which are recognized by the first line:
//
//     car,automobile                         words that can replace each other, with commas or tabs between them
//     Aa01A01= 人 士 人物                     Tongyici Cilin: = synonyms, # related words, @ a word alone
//     02131777-v<TAB>cmn:lemma<TAB>词         Open Multilingual Wordnet, such as the Chinese Open Wordnet
//
// In the first, a person chose the words. The others are large and hold rare words and words of many meanings.

import { statSync } from 'node:fs';
import { diskSource } from '../../../corpus/source.js';
import { type Line, linesOf, openText } from '../../../corpus/text-file.js';
import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import { oneLine, quoted } from '../../../quote.js';

export interface SynonymFile {
  readonly kind: 'list' | 'thesaurus';
  /** Words that can replace each other. In a thesaurus also groups of one word, which show how many meanings a word has. */
  readonly groups: readonly (readonly string[])[];
}

const mostBytes = 2 ** 26;
const mostWords = 2 ** 20;
const longestLine = 2 ** 16;
const longestWord = 60;

const cilin = /^[A-L][a-z]\d{2}[A-Z]\d{2}([=#@])\s{1,20}(.*)$/;
const wordnet = /^(\d{8}-[nvasr])\t(?:[\w-]+:)?([\w:-]+)\t(.*)$/;

/** @throws UserError (data) if it is no text, (usage) if it is too large or a line is in no known format. */
export function readSynonymFile(path: string): SynonymFile {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostBytes)
    throw invalid(`${path} has more than 64 MB; name a file of synonyms`);
  const reading = new Reading(path);
  for (const line of linesOf(openText(diskSource(path)))) reading.line(line);
  return reading.end();
}

type Format = 'cilin' | 'wordnet' | 'list';

class Reading {
  private format: Format | null = null;
  private readonly groups: string[][] = [];
  /** The group of each synset. */
  private readonly synsets = new Map<string, string[]>();
  private words = 0;

  constructor(private readonly path: string) {}

  line({ text, number }: Line): void {
    const line = text.replace(/^\ufeff/, '').trim();
    if (line === '' || line.startsWith('#')) return;
    if (line.length > longestLine) throw this.wrong(number, `has more than ${longestLine} characters`);
    this.format ??= cilin.test(line) ? 'cilin' : wordnet.test(line) ? 'wordnet' : 'list';
    const words = { cilin: ofCilin, wordnet: ofWordNet, list: ofList }[this.format](line);
    if (words === null) throw this.wrong(number, `is no line like the first: ${quoted(line, 40)}`);
    const { group, key } = words;
    if (this.format === 'list' && group.length < 2)
      throw this.wrong(number, `has one word; put a comma between words that can replace each other`);
    this.words += group.length;
    if (this.words > mostWords)
      throw this.wrong(number, `is after more than ${mostWords} words, the most of a file`);
    for (const word of group) this.check(word, number);
    const known = key === null ? undefined : this.synsets.get(key);
    if (known) known.push(...group);
    else this.groups.push(group);
    if (key !== null && !known) this.synsets.set(key, group);
  }

  end(): SynonymFile {
    if (this.format === null)
      throw invalid(`${this.path} has no synonyms; name a file with lines such as car,automobile`);
    return { kind: this.format === 'list' ? 'list' : 'thesaurus', groups: this.groups };
  }

  private check(word: string, line: number): void {
    if (word.length > longestWord)
      throw this.wrong(line, `has a word of more than ${longestWord} characters`);
    if (/\p{Cc}|\ufffd/u.test(word)) throw this.wrong(line, `has a damaged word: ${quoted(word, 40)}`);
  }

  private wrong(line: number, what: string): UserError {
    return invalid(`${this.path}:${line} ${what}`);
  }
}

/** A line's words, and the key of lines whose words belong together. Null for a line of another format. */
type Parsed = { readonly group: string[]; readonly key: string | null } | null;

function ofCilin(line: string): Parsed {
  const [, sign, words = ''] = cilin.exec(line) ?? [];
  if (sign === undefined) return null;
  const group = distinct(words.split(/\s+/));
  // Related words cannot replace each other, but show that their words have one more meaning.
  return { group: sign === '=' ? group : group.slice(0, 1), key: null };
}

function ofWordNet(line: string): Parsed {
  const [, synset, kind, word = ''] = wordnet.exec(line) ?? [];
  if (synset === undefined) return null;
  // A plus joins the parts of a word. Adjectives and adverbs have their particle behind it.
  const bare = word
    .trim()
    .replace(/\+[的地]$/, '')
    .replaceAll('+', '');
  return { group: kind === 'lemma' && bare !== '' ? [bare] : [], key: synset };
}

function ofList(line: string): Parsed {
  return {
    group: distinct(line.split(/[,，;；\t]/).map((word) => word.trim().replace(/^"(.*)"$/, '$1'))),
    key: null,
  };
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].filter((word) => word !== '');
}

function invalid(sentence: string): UserError {
  return new UserError('option-invalid', `${option('synonymFile')}: ${oneLine(sentence, 300)}`);
}
