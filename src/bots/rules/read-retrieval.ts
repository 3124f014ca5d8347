// Reads the section `retrieval:` of a bot file: how learned questions are found.

import { dirname, resolve } from 'node:path';
import { isSeq } from 'yaml';
import { messageOf } from '../../errors.js';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { withProperties } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { checkedEmbedder, type EmbedderNames } from '../retrieval/meaning/open-embedder.js';
import { asWritten, normalFormOf, type Wording } from '../retrieval/normal-form.js';
import type { SynonymGroup } from '../retrieval/synonyms.js';
import type { RetrievalSection } from './bot-file.js';

const mostSynonyms = 10_000;
const longestSynonym = 60;
const spellings = ['as-written', 'simplified'] as const;

/** @throws UserError */
export function readRetrieval(yaml: YamlFile, node: YamlNode): RetrievalSection {
  if (node === undefined) return { ...asWritten, embedder: null };
  const written = yaml.fields(node, ['synonyms', 'chinese', 'embedder', 'embedder_model']);
  const chinese = written.chinese === undefined ? asWritten.chinese : spellingOf(yaml, written.chinese);
  return {
    chinese,
    synonyms: readSynonyms(yaml, written.synonyms, chinese),
    embedder: readEmbedder(yaml, written.embedder, written.embedder_model),
  };
}

/** A folder is named from where the bot file is. */
function readEmbedder(yaml: YamlFile, node: YamlNode, modelNode: YamlNode): EmbedderNames | null {
  if (node === undefined) {
    if (modelNode !== undefined)
      throw yaml.wrong(
        modelNode,
        'names the model of no embedder; add embedder with the address of a service',
      );
    return null;
  }
  const embedder = yaml.filled(node);
  const model = modelNode === undefined ? null : yaml.filled(modelNode);
  try {
    const isAddress = checkedEmbedder({ embedder, model }) !== null;
    return { embedder: isAddress ? embedder : resolve(dirname(yaml.path), embedder), model };
  } catch (thrown) {
    throw yaml.wrong(node, `cannot be used: ${withProperties(messageOf(thrown))}`);
  }
}

function spellingOf(yaml: YamlFile, node: YamlNode): Wording['chinese'] {
  const text = yaml.filled(node);
  const known = spellings.find((spelling) => spelling === text);
  if (known) return known;
  throw yaml.wrong(node, `has the spelling ${quoted(text)}, but it must be ${spellings.join(' or ')}`);
}

function readSynonyms(yaml: YamlFile, node: YamlNode, chinese: Wording['chinese']): readonly SynonymGroup[] {
  if (node === undefined) return [];
  const form = normalFormOf({ chinese, synonyms: [] });
  const seen = new Map<string, { readonly group: number; readonly place: string }>();
  return yaml.items(node, 'groups of words, such as [mobile, cellphone]').map((group, index) => {
    const place = yaml.place(group);
    if (!isSeq(group) || group.items.length < 2)
      throw yaml.wrong(group, 'must have at least two words of one meaning, such as [mobile, cellphone]');
    return group.items.map((item) => {
      const word = yaml.filled(item as YamlNode);
      const text = form(word);
      if (text === '' || text.length > longestSynonym)
        throw yaml.wrong(
          item as YamlNode,
          `has the synonym ${quoted(word)}, but one needs letters, and ${longestSynonym} characters at most`,
        );
      const before = seen.get(text);
      if (before !== undefined && before.group !== index)
        throw yaml.wrong(
          item as YamlNode,
          `has ${quoted(word)} in a second group, after ${before.place}; make them one group`,
        );
      seen.set(text, { group: index, place });
      if (seen.size > mostSynonyms)
        throw yaml.wrong(item as YamlNode, `has more than ${mostSynonyms} synonyms; leave some out`);
      return word;
    });
  });
}
