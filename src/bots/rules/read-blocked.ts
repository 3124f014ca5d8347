// Reads the section `blocked:` of a bot file.

import { dirname, resolve } from 'node:path';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { entriesIn, listNames, ownList, WordList } from '../../prepare/unsafe/word-list.js';
import { quoted } from '../../quote.js';
import { type Blocked, blockedAnswer } from '../blocked-words.js';
import { textsByLanguage } from './texts-by-language.js';

/** @returns null when nothing is blocked. @throws UserError for words that are none, and files that cannot be read. */
export function readBlocked(yaml: YamlFile, node: YamlNode): Blocked | null {
  if (node === undefined) return null;
  const { words, files, lists, answer } = yaml.fields(node, ['words', 'files', 'lists', 'answer']);
  const listed = words === undefined ? [] : yaml.items(words, 'words').map((item) => yaml.filled(item));
  const paths = files === undefined ? [] : yaml.oneOrMore(files).map((item) => yaml.filled(item));
  const own = lists === undefined ? [] : yaml.items(lists, 'lists').map((item) => listNamed(yaml, item));
  const entries = [
    ...listed.map((word) => word.normalize('NFKC').toLowerCase().trim()),
    ...paths.flatMap((path) => entriesIn(resolve(dirname(yaml.path), path))),
    ...own.flatMap(entriesIn),
  ];
  if (entries.length === 0)
    throw yaml.wrong(
      node,
      'blocks no words; list them under words or in files, or name lists that come with the program',
    );
  return {
    words: new WordList(entries),
    answer: answer === undefined ? blockedAnswer : textsByLanguage(yaml, answer),
  };
}

function listNamed(yaml: YamlFile, node: YamlNode): URL {
  const written = yaml.filled(node);
  const name = listNames.find((known) => known === written);
  if (name) return ownList(name);
  throw yaml.wrong(node, `names the list ${quoted(written)}, but there are ${listNames.join(' and ')}`);
}
