// Names that a bot file gives to lists, facts, rules, forms and slots.

import { isScalar } from 'yaml';
import type { YamlFile, YamlNode } from '../../files/yaml-file.js';
import { quoted } from '../../quote.js';
import { valueName } from '../answer-text.js';

/** @param what with its article: `a list`. @throws UserError */
export function nameOf(yaml: YamlFile, node: YamlNode, what: string): string {
  const written = isScalar(node) ? yaml.text(node, 'a name') : '';
  const name = valueName(written);
  if (name !== undefined) return name;
  throw yaml.wrong(node, `names ${what} ${quoted(written)}; use at most 60 letters, digits, - and _`);
}
