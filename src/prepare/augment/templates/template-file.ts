// Reads templates and lists of values from a YAML file. Every mistake is a sentence with its line.

import { dirname, join } from 'node:path';
import { isMap, type Node } from 'yaml';
import { messageOf, UserError } from '../../../errors.js';
import { FileRefused, readText } from '../../../files/regular-file.js';
import { YamlFile, type YamlNode } from '../../../files/yaml-file.js';
import { option } from '../../../option-names.js';
import { quoted } from '../../../quote.js';
import { nearest } from '../../../suggest.js';
import {
  normalName,
  parseTemplate,
  slotsOf,
  type Template,
  TemplateError,
  type TemplateFile,
} from './template.js';

const mostBytes = 2 ** 20;
const mostListBytes = 2 ** 24;
const mostWeight = 1_000_000;

/** A list with the place of its name. */
interface List {
  readonly values: readonly string[];
  readonly place: string;
}

/** @throws UserError (usage) if the file cannot be read, or is not what docs/preparing.md describes. */
export function readTemplates(path: string): TemplateFile {
  return new Reading(path).file();
}

class Reading {
  private readonly yaml: YamlFile;
  private readonly notes: string[] = [];
  private readonly listFiles: string[] = [];

  constructor(path: string) {
    this.yaml = new YamlFile(path, {
      code: 'templates-invalid',
      unreadable: `${option('templates')}: `,
      mostBytes,
      instead: 'write lists of templates',
    });
  }

  file(): TemplateFile {
    const { yaml } = this;
    const { templates, lists } = yaml.fields(yaml.root, ['templates', 'lists']);
    const known = new Map<string, List>();
    if (lists) for (const [key, value] of yaml.pairs(lists)) this.addList(known, key, value);
    const read = yaml.items(templates, 'templates').map((item) => this.template(item, known));
    if (read.length === 0) throw yaml.wrong(templates, 'lists no templates; add one');
    const used = new Set(read.flatMap((template) => [...slotsOf(template).keys()]));
    for (const [name, { place }] of known)
      if (!used.has(name)) this.notes.push(`${place} has the list ${quoted(name)}, which no template uses`);
    const values = new Map([...known].map(([name, list]) => [name, list.values] as const));
    return { templates: read, lists: values, listFiles: this.listFiles, notes: this.notes };
  }

  private addList(known: Map<string, List>, key: Node, value: YamlNode): void {
    const name = normalName(this.yaml.text(key, 'a name'));
    if (name === undefined)
      throw this.yaml.wrong(
        key,
        `names a list ${quoted(this.yaml.text(key, 'a name'))}; use letters, digits, - and _`,
      );
    if (known.has(name))
      throw this.yaml.wrong(key, `has the list ${quoted(name)} again; keep one of the two`);
    const all = isMap(value)
      ? this.valuesInFile(value)
      : this.yaml.items(value, 'values').map((item) => this.yaml.filled(item));
    const values = [...new Set(all)];
    const place = this.yaml.place(key);
    if (values.length === 0)
      throw this.yaml.wrong(key, `has the list ${quoted(name)} without values; add some`);
    if (values.length < all.length)
      this.notes.push(`${place} has values more than once in the list ${quoted(name)}; each counts once`);
    known.set(name, { values, place });
  }

  private valuesInFile(node: YamlNode): string[] {
    const { file } = this.yaml.fields(node, ['file']);
    const path = join(dirname(this.yaml.path), this.yaml.filled(file));
    if (!this.listFiles.includes(path)) this.listFiles.push(path);
    return this.listText(path, this.yaml.place(node))
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  private template(node: YamlNode, lists: ReadonlyMap<string, List>): Template {
    const { turns, weight } = this.yaml.fields(node, ['turns', 'weight']);
    const read = this.yaml.items(turns, 'turns').map((turn) => this.pieces(turn));
    if (read.length < 2)
      throw this.yaml.wrong(node, 'is a template with fewer than two turns; give what is said and the reply');
    const template = { turns: read, weight: this.weight(weight), place: this.yaml.place(node) };
    for (const [list, slots] of slotsOf(template)) this.checkSlots(node, list, slots, lists);
    return template;
  }

  private checkSlots(node: YamlNode, list: string, slots: number, lists: ReadonlyMap<string, List>): void {
    const values = lists.get(list)?.values;
    if (values === undefined) {
      const near = nearest(list, [...lists.keys()]);
      const cure = near === undefined ? `add it to ${quoted('lists')}` : `did you mean ${quoted(near)}?`;
      throw this.yaml.wrong(node, `takes values from the unknown list ${quoted(list)}; ${cure}`);
    }
    if (values.length < slots)
      throw this.yaml.wrong(
        node,
        `needs ${slots} different values of ${quoted(list)}, which has ${values.length}; add values`,
      );
  }

  private pieces(node: YamlNode): Template['turns'][number] {
    try {
      return parseTemplate(this.yaml.filled(node));
    } catch (thrown) {
      throw thrown instanceof TemplateError ? this.yaml.wrong(node, thrown.message) : thrown;
    }
  }

  private weight(node: YamlNode): number {
    if (node === undefined) return 1;
    const written = this.yaml.text(node, 'a weight');
    const weight = /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : 0;
    if (weight > 0 && weight <= mostWeight) return weight;
    throw this.yaml.wrong(
      node,
      `has the weight ${quoted(written)}, but it must be above 0 and at most ${mostWeight}`,
    );
  }

  /** @param place where the list is named. */
  private listText(path: string, place: string): string {
    try {
      return readText(path, mostListBytes);
    } catch (thrown) {
      const why = thrown instanceof FileRefused ? thrown.message : `cannot be read: ${messageOf(thrown)}`;
      throw new UserError(
        'templates-invalid',
        `${place}: the list ${path} ${why}; name a text file in UTF-8`,
        { cause: thrown },
      );
    }
  }
}
