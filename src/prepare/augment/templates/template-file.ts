// Reads templates and lists of values from a YAML file. Every mistake is a sentence with its line.

import { dirname, join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { messageOf, UserError } from '../../../errors.js';
import { readText } from '../../../files/regular-file.js';
import { oneLine, quoted } from '../../../quote.js';
import { parseTemplate, slotsOf, type Template, TemplateError, type TemplateFile } from './template.js';

const mostBytes = 2 ** 20;
const mostListBytes = 2 ** 24;

/** @throws UserError (usage) if the file cannot be read, or is not what docs/data.md describes. */
export function readTemplates(path: string): TemplateFile {
  return new Reading(path).file();
}

class Reading {
  private readonly lines = new LineCounter();

  constructor(private readonly path: string) {}

  file(): TemplateFile {
    const document = parseDocument(this.textOf(this.path, mostBytes), {
      lineCounter: this.lines,
      prettyErrors: false,
      schema: 'failsafe',
    });
    const [problem] = document.errors;
    if (problem) throw this.wrong(problem.pos[0], `is not valid YAML: ${oneLine(problem.message, 80)}`);
    const { templates, lists } = this.fields(document.contents, ['templates', 'lists']);
    const values = new Map<string, readonly string[]>();
    if (lists) for (const [name, value] of this.entries(lists)) values.set(name, this.values(value));
    return { templates: this.items(templates).map((item) => this.template(item, values)), lists: values };
  }

  private template(node: Node | null, lists: TemplateFile['lists']): Template {
    const { turns, weight } = this.fields(node, ['turns', 'weight']);
    const template = {
      turns: this.items(turns).map((turn) => this.parsed(turn)),
      weight: weight === undefined ? 1 : Number(this.text(weight)),
      place: this.place(node),
    };
    for (const [list] of slotsOf(template))
      if (!lists.has(list)) throw this.wrong(node, `takes values from the unknown list ${quoted(list)}`);
    return template;
  }

  private parsed(node: Node | null): Template['turns'][number] {
    try {
      return parseTemplate(this.text(node));
    } catch (thrown) {
      throw thrown instanceof TemplateError ? this.wrong(node, thrown.message) : thrown;
    }
  }

  private values(node: Node | null): readonly string[] {
    if (!isMap(node)) return this.items(node).map((item) => this.text(item));
    const { file } = this.fields(node, ['file']);
    const path = join(dirname(this.path), this.text(file ?? null));
    return this.textOf(path, mostListBytes)
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  private fields(node: Node | null, known: readonly string[]): Partial<Record<string, Node | null>> {
    if (!isMap(node)) throw this.wrong(node, `is not "${known.join(': ..., ')}: ..."`);
    const entries = this.entries(node);
    for (const [name] of entries)
      if (!known.includes(name)) throw this.wrong(node, `has the unknown key ${quoted(name)}`);
    return Object.fromEntries(entries);
  }

  private entries(node: Node | null): (readonly [string, Node | null])[] {
    if (!isMap(node)) throw this.wrong(node, 'is not a list of "name: values"');
    return (node as YAMLMap<Node, Node | null>).items.map(({ key, value }) => [this.text(key), value]);
  }

  private items(node: Node | null | undefined): (Node | null)[] {
    if (!isSeq(node)) throw this.wrong(node ?? null, 'is not a list');
    return node.items as (Node | null)[];
  }

  private text(node: Node | null): string {
    if (!isScalar(node)) throw this.wrong(node, 'is not a text; put texts that begin with a brace in quotes');
    return String(node.value);
  }

  private textOf(path: string, most: number): string {
    try {
      return readText(path, most);
    } catch (thrown) {
      throw new UserError('config-unreadable', `${path} cannot be read: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
  }

  private place(at: Node | null | number): string {
    const offset = typeof at === 'number' ? at : (at?.range?.[0] ?? 0);
    return `${this.path}:${this.lines.linePos(offset).line}`;
  }

  private wrong(at: Node | null | number, what: string): UserError {
    return new UserError('config-invalid', `${this.place(at)} ${what}`);
  }
}
