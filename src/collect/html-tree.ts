// Parses a page into a small tree of elements and text. Pages are hostile: depth and size of the tree are limited, so that
// code that walks it may recurse. It knows nothing about questions.

import { Parser } from 'htmlparser2';

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly HtmlNode[];
  readonly parent: Element | null;
}

export type HtmlNode = Element | string;

/** A page that is too deep or too large to be a page for people. The message completes "the page ...". */
export class PageRefused extends Error {}

const deepest = 256;
const mostNodes = 400_000;

interface Growing extends Element {
  readonly children: HtmlNode[];
}

/** @returns the root, an element without a name. @throws PageRefused. */
export function parseHtml(html: string): Element {
  const root: Growing = { name: '', attributes: {}, children: [], parent: null };
  const open: Growing[] = [root];
  let nodes = 0;
  const add = (node: HtmlNode) => {
    if (++nodes > mostNodes) throw new PageRefused('has too many elements');
    open.at(-1)?.children.push(node);
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (open.length > deepest) throw new PageRefused('nests its elements too deeply');
      const element: Growing = { name, attributes, children: [], parent: open.at(-1) ?? root };
      add(element);
      open.push(element);
    },
    onclosetag() {
      if (open.length > 1) open.pop();
    },
    ontext(text) {
      const siblings = open.at(-1)?.children;
      const before = siblings?.at(-1);
      // The parser delivers text in pieces: each character reference is one.
      if (siblings !== undefined && typeof before === 'string') siblings[siblings.length - 1] = before + text;
      else add(text);
    },
  });
  parser.end(html);
  return root;
}

/** All elements below `element` in document order. */
export function* elementsIn(element: Element): Generator<Element> {
  for (const child of element.children)
    if (typeof child !== 'string') {
      yield child;
      yield* elementsIn(child);
    }
}

export function attributeOf(element: Element, name: string): string | undefined {
  return Object.hasOwn(element.attributes, name) ? element.attributes[name] : undefined;
}
