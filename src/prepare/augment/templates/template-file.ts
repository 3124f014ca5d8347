// Reads templates and lists of values from a YAML file. Every mistake is a sentence with its line.

import { dirname, join } from 'node:path';
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { messageOf, UserError } from '../../../errors.js';
import { FileRefused, readText } from '../../../files/regular-file.js';
import { option } from '../../../option-names.js';
import { oneLine, quoted } from '../../../quote.js';
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

type Maybe = Node | null | undefined;

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
  private readonly lines = new LineCounter();
  private readonly notes: string[] = [];

  constructor(private readonly path: string) {}

  file(): TemplateFile {
    const document = this.document();
    const { templates, lists } = this.fields(document.contents, ['templates', 'lists']);
    const known = new Map<string, List>();
    if (lists) for (const [key, value] of this.pairs(lists)) this.addList(known, key, value);
    const read = this.items(templates, 'templates').map((item) => this.template(item, known));
    if (read.length === 0) throw this.wrong(templates, 'lists no templates; add one');
    const used = new Set(read.flatMap((template) => [...slotsOf(template).keys()]));
    for (const [name, { place }] of known)
      if (!used.has(name)) this.notes.push(`${place} has the list ${quoted(name)}, which no template uses`);
    const values = new Map([...known].map(([name, list]) => [name, list.values] as const));
    return { templates: read, lists: values, notes: this.notes };
  }

  private document(): Document.Parsed {
    const text = this.textIn(this.path, mostBytes, this.path);
    try {
      const document = parseDocument(text, {
        lineCounter: this.lines,
        prettyErrors: false,
        schema: 'failsafe',
      });
      const [problem] = document.errors;
      if (problem === undefined) return document;
      const hint = problem.message.includes('flow') ? '; put texts that begin with a brace in quotes' : '';
      throw this.wrong(problem.pos[0], `is not valid YAML: ${oneLine(problem.message, 80)}${hint}`);
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      throw new UserError('templates-invalid', `${this.path} is nested too deeply; write lists of templates`);
    }
  }

  private addList(known: Map<string, List>, key: Node, value: Maybe): void {
    const name = normalName(this.text(key, 'a name'));
    if (name === undefined)
      throw this.wrong(key, `names a list ${quoted(this.text(key, 'a name'))}; use letters, digits, - and _`);
    if (known.has(name)) throw this.wrong(key, `has the list ${quoted(name)} again; keep one of the two`);
    const all = isMap(value)
      ? this.valuesInFile(value)
      : this.items(value, 'values').map((item) => this.filled(item));
    const values = [...new Set(all)];
    const place = this.place(key);
    if (values.length === 0) throw this.wrong(key, `has the list ${quoted(name)} without values; add some`);
    if (values.length < all.length)
      this.notes.push(`${place} has values more than once in the list ${quoted(name)}; each counts once`);
    known.set(name, { values, place });
  }

  private valuesInFile(node: YAMLMap): string[] {
    const { file } = this.fields(node, ['file']);
    const path = join(dirname(this.path), this.filled(file));
    return this.textIn(path, mostListBytes, this.place(node))
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  private template(node: Maybe, lists: ReadonlyMap<string, List>): Template {
    const { turns, weight } = this.fields(node, ['turns', 'weight']);
    const read = this.items(turns, 'turns').map((turn) => this.pieces(turn));
    if (read.length < 2)
      throw this.wrong(node, 'is a template with fewer than two turns; give what is said and the reply');
    const template = { turns: read, weight: this.weight(weight), place: this.place(node) };
    for (const [list, slots] of slotsOf(template)) this.checkSlots(node, list, slots, lists);
    return template;
  }

  private checkSlots(node: Maybe, list: string, slots: number, lists: ReadonlyMap<string, List>): void {
    const values = lists.get(list)?.values;
    if (values === undefined) {
      const near = nearest(list, [...lists.keys()]);
      const cure = near === undefined ? `add it to ${quoted('lists')}` : `did you mean ${quoted(near)}?`;
      throw this.wrong(node, `takes values from the unknown list ${quoted(list)}; ${cure}`);
    }
    if (values.length < slots)
      throw this.wrong(
        node,
        `needs ${slots} different values of ${quoted(list)}, which has ${values.length}; add values`,
      );
  }

  private pieces(node: Maybe): Template['turns'][number] {
    try {
      return parseTemplate(this.filled(node));
    } catch (thrown) {
      throw thrown instanceof TemplateError ? this.wrong(node, thrown.message) : thrown;
    }
  }

  private weight(node: Maybe): number {
    if (node === undefined) return 1;
    const written = this.text(node, 'a weight');
    const weight = /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : 0;
    if (weight > 0 && weight <= mostWeight) return weight;
    throw this.wrong(
      node,
      `has the weight ${quoted(written)}, but it must be above 0 and at most ${mostWeight}`,
    );
  }

  private fields(node: Maybe, known: readonly string[]): Partial<Record<string, Maybe>> {
    const form = known.map((name) => `"${name}: ..."`).join(' and ');
    if (!isMap(node)) throw this.wrong(node, `must have ${form}`);
    const found = this.pairs(node).map(([key, value]) => [this.text(key, 'a name'), key, value] as const);
    for (const [name, key] of found)
      if (!known.includes(name))
        throw this.wrong(key, `has the unknown key ${quoted(name)}; it can have ${form}`);
    return Object.fromEntries(found.map(([name, , value]) => [name, value]));
  }

  private pairs(node: Maybe): (readonly [Node, Maybe])[] {
    if (!isMap(node)) throw this.wrong(node, 'must have a name and values in each line');
    return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => [key, value]);
  }

  private items(node: Maybe, what: string): readonly Maybe[] {
    if (!isSeq(node)) throw this.wrong(node, `must have a list of ${what}`);
    return node.items as readonly Maybe[];
  }

  /** A text that is not empty. */
  private filled(node: Maybe): string {
    const text = this.text(node, 'a text').trim();
    if (text === '') throw this.wrong(node, 'has an empty text; write something or delete it');
    return text;
  }

  private text(node: Maybe, what: string): string {
    if (isScalar(node)) return String(node.value ?? '');
    throw this.wrong(node, `must have ${what}; put texts that begin with a brace or a bracket in quotes`);
  }

  /** @param place where the file is named, for the error. */
  private textIn(path: string, most: number, place: string): string {
    try {
      return readText(path, most);
    } catch (thrown) {
      const why = thrown instanceof FileRefused ? thrown.message : `cannot be read: ${messageOf(thrown)}`;
      const what = place === path ? `${option('templates')}: ${path}` : `${place}: the list ${path}`;
      throw new UserError('templates-invalid', `${what} ${why}; name a text file in UTF-8`, {
        cause: thrown,
      });
    }
  }

  private place(at: Maybe | number): string {
    const offset = typeof at === 'number' ? at : (at?.range?.[0] ?? 0);
    return `${this.path}:${Math.max(1, this.lines.linePos(offset).line)}`;
  }

  private wrong(at: Maybe | number, what: string): UserError {
    return new UserError('templates-invalid', `${this.place(at)} ${what}`);
  }
}
