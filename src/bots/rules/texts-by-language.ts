// Reads texts that a person writes for all languages, or for each.

import { isMap } from 'yaml';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import type { ByLanguage } from '../language.js';

/** One text or several, for all languages or by language. */
export function textsByLanguage(yaml: YamlFile, node: YamlNode): ByLanguage<readonly string[]> {
  const read = (value: YamlNode) => yaml.oneOrMore(value).map((item) => yaml.filled(item));
  if (!isMap(node)) return { en: read(node), zh: read(node) };
  const { en, zh } = yaml.fields(node, ['en', 'zh']);
  const [first, second] = [en ?? zh, zh ?? en];
  if (!first || !second)
    throw yaml.wrong(node, `has no text; write ${quoted('en: ...')} or ${quoted('zh: ...')}`);
  return { en: read(first), zh: read(second) };
}
