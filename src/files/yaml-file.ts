// A YAML file that a person writes, read with the place of every value, so that each mistake is a sentence with its line and
// column. It knows nothing of what the file is for. Aliases are refused, and every scalar is the text that was written: `no`
// and `1.0` stay as they are.

import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import { type ErrorCode, messageOf, UserError } from '../errors.js';
import { oneLine, quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import { FileRefused, readText } from './regular-file.js';

/** A value of the file; undefined or null where nothing is written. */
export type YamlNode = Node | null | undefined;

export interface YamlFileKind {
  /** The code of every error. */
  readonly code: ErrorCode;
  /** Begins the message for a file that cannot be read: `--templates: lists.yaml does not exist`. */
  readonly unreadable: string;
  readonly mostBytes: number;
  /** Ends the message for a file whose values are nested too deeply: `write lists of templates`. */
  readonly instead: string;
}

/** YAML's parser and whoever walks its nodes recurse. */
const mostDepth = 64;

export class YamlFile {
  readonly root: ParsedNode | null;
  private readonly lines = new LineCounter();

  /** @throws UserError of the kind's code when the file cannot be read or is not YAML. */
  constructor(
    readonly path: string,
    private readonly kind: YamlFileKind,
  ) {
    this.root = this.parsed(this.textIn(path));
  }

  private textIn(path: string): string {
    try {
      return readText(path, this.kind.mostBytes);
    } catch (thrown) {
      const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
      const why =
        thrown instanceof FileRefused
          ? `${thrown.message}; name a text file in UTF-8`
          : missing
            ? 'does not exist; check the path'
            : `cannot be read: ${messageOf(thrown)}`;
      throw new UserError(this.kind.code, `${this.kind.unreadable}${path} ${why}`, { cause: thrown });
    }
  }

  private parsed(text: string): ParsedNode | null {
    const tooDeep = () =>
      new UserError(this.kind.code, `${this.path} is nested too deeply; ${this.kind.instead}`);
    try {
      const document = parseDocument(text, {
        lineCounter: this.lines,
        prettyErrors: false,
        schema: 'failsafe',
      });
      const [problem] = document.errors;
      if (problem) {
        const hint = problem.message.includes('flow') ? '; put texts that begin with a brace in quotes' : '';
        throw this.wrong(problem.pos[0], `is not valid YAML: ${oneLine(problem.message, 80)}${hint}`);
      }
      visit(document, {
        Node: (_, node, path) => {
          if (path.length > mostDepth) throw tooDeep();
          // Every value is a text, so a tag would be ignored.
          if (isNode(node) && node.tag !== undefined)
            throw this.wrong(node, 'has a tag that begins with !; delete it');
          if (isAlias(node)) throw this.wrong(node, 'refers to another value with *; write the value itself');
        },
      });
      return document.contents;
    } catch (thrown) {
      throw thrown instanceof RangeError ? tooDeep() : thrown;
    }
  }

  /** The values of a map by key. @throws UserError for another kind of value, and for a key that is not known. */
  fields<Name extends string>(node: YamlNode, known: readonly Name[]): Partial<Record<Name, YamlNode>> {
    const names: readonly string[] = known;
    if (!isMap(node)) throw this.wrong(node, `must have ${formOf(known)}`);
    const found: Partial<Record<string, YamlNode>> = {};
    for (const [key, value] of this.pairs(node)) {
      const name = this.text(key, 'a name').replaceAll('-', '_');
      if (!names.includes(name)) {
        const near = nearest(name, names);
        const cure = near === undefined ? `it can have ${formOf(known)}` : `did you mean ${quoted(near)}?`;
        throw this.wrong(key, `has the unknown key ${quoted(this.text(key, 'a name'))}; ${cure}`);
      }
      found[name] = value;
    }
    return found;
  }

  pairs(node: YamlNode): (readonly [Node, YamlNode])[] {
    if (!isMap(node)) throw this.wrong(node, 'must have a name and a value in each line');
    return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => [key, value]);
  }

  items(node: YamlNode, what: string): readonly YamlNode[] {
    if (!isSeq(node)) throw this.wrong(node, `must have a list of ${what}`);
    return node.items as readonly YamlNode[];
  }

  /** A list, or one value that stands for a list of it. */
  oneOrMore(node: YamlNode): readonly YamlNode[] {
    return isSeq(node) ? (node.items as readonly YamlNode[]) : [node];
  }

  /** A text that is not empty, without white space around it. */
  filled(node: YamlNode): string {
    const text = this.text(node, 'a text').trim();
    if (text === '') throw this.wrong(node, 'has an empty text; write something or delete it');
    return text;
  }

  text(node: YamlNode, what: string): string {
    if (isScalar(node)) return String(node.value ?? '');
    throw this.wrong(node, `must have ${what}; put texts that begin with a brace or a bracket in quotes`);
  }

  /** @param what with its article: `a weight`. */
  number(node: YamlNode, what: string, least: number, most: number): number {
    const written = this.text(node, what);
    const value = /^-?\d+(?:\.\d+)?$/.test(written) ? Number(written) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw this.wrong(node, `has ${what} of ${quoted(written)}, but it must be from ${least} to ${most}`);
  }

  /** `bot.yaml:12`. */
  place(at: YamlNode | number): string {
    return `${this.path}:${this.position(at).line}`;
  }

  private position(at: YamlNode | number): { readonly line: number; readonly column: number } {
    const { line, col } = this.lines.linePos(typeof at === 'number' ? at : (at?.range?.[0] ?? 0));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** @param what follows the place: `has an empty text; write something`. */
  wrong(at: YamlNode | number, what: string): UserError {
    const { line, column } = this.position(at);
    return new UserError(this.kind.code, `${this.path}:${line}:${column} ${what}`);
  }
}

function formOf(known: readonly string[]): string {
  return known.map((name) => `"${name}: ..."`).join(' and ');
}
