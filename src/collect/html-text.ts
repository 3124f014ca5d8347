// The text of a part of a page as people read it: blocks are lines, list items begin with a dash, and what is not content
// (scripts, menus, controls) is left out. Collapsed parts of a page count, because answers are often collapsed.

import type { Element, HtmlNode } from './html-tree.js';

const notContent: ReadonlySet<string> = new Set([
  ...[
    'script',
    'style',
    'noscript',
    'template',
    'svg',
    'math',
    'iframe',
    'object',
    'canvas',
    'audio',
    'video',
  ],
  ...['head', 'nav', 'select', 'button', 'input', 'textarea', 'footer', 'dialog'],
]);

const blocks: ReadonlySet<string> = new Set([
  ...['address', 'article', 'aside', 'blockquote', 'body', 'dd', 'details', 'div', 'dl', 'dt', 'figcaption'],
  ...[
    'figure',
    'header',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'hr',
    'li',
    'main',
    'ol',
    'p',
    'pre',
    'section',
  ],
  ...['summary', 'table', 'tbody', 'thead', 'tr', 'ul'],
]);

/** Whether an element never belongs to a text. */
export function isContent(name: string): boolean {
  return !notContent.has(name);
}

/** Like `elementsIn`, without what is not content. */
export function* contentIn(element: Element): Generator<Element> {
  for (const child of element.children)
    if (typeof child !== 'string' && isContent(child.name)) {
      yield child;
      yield* contentIn(child);
    }
}

/** @param keepButtons for headings, which are often buttons that open the answer. */
export function textOf(nodes: readonly HtmlNode[], keepButtons = false): string {
  const pieces: string[] = [];
  const visit = (node: HtmlNode): void => {
    if (typeof node === 'string') {
      pieces.push(node.replace(/\s+/g, ' '));
      return;
    }
    const { name, children } = node;
    if (!isContent(name) && !(keepButtons && name === 'button')) return;
    if (name === 'br') pieces.push('\n');
    if (name === 'td' || name === 'th') pieces.push(' ');
    if (blocks.has(name)) pieces.push('\n');
    if (name === 'li') pieces.push('- ');
    for (const child of children) visit(child);
    if (blocks.has(name)) pieces.push('\n');
  };
  for (const node of nodes) visit(node);
  return pieces
    .join('')
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' ').trim())
    .filter((line) => line !== '' && line !== '-')
    .join('\n');
}

/** The text on one line. */
export function lineOf(nodes: readonly HtmlNode[]): string {
  return textOf(nodes, true).replaceAll('\n', ' ');
}
