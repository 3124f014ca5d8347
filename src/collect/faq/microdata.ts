// Questions marked with microdata: itemtype schema.org/Question with the properties name, and text of an answer.

import { lineOf, textOf } from '../html-text.js';
import { attributeOf, type Element, elementsIn } from '../html-tree.js';
import type { Pair } from './question.js';

export function pairsInMicrodata(page: Element): Pair[] {
  return [...elementsIn(page)].filter((element) => isItem(element, 'Question')).flatMap(pairOf);
}

function isItem(element: Element, type: string): boolean {
  const types = attributeOf(element, 'itemtype') ?? '';
  return types.split(/\s+/).some((name) => new RegExp(`^https?://schema\\.org/${type}/?$`, 'i').test(name));
}

function pairOf(question: Element): Pair[] {
  const name = property(question, ['name', 'text']);
  const answerItem = property(question, ['acceptedAnswer', 'suggestedAnswer']);
  if (name === undefined || answerItem === undefined) return [];
  const text = property(answerItem, ['text']) ?? answerItem;
  return [{ question: contentOf(name) ?? lineOf([name]), answer: contentOf(text) ?? textOf([text]) }];
}

/** The first element that carries one of the properties, the first name first. Nested items keep their own properties. */
function property(item: Element, names: readonly string[]): Element | undefined {
  for (const name of names)
    for (const element of ownElements(item))
      if ((attributeOf(element, 'itemprop') ?? '').split(/\s+/).includes(name)) return element;
  return undefined;
}

function* ownElements(item: Element): Generator<Element> {
  for (const child of item.children) {
    if (typeof child === 'string') continue;
    yield child;
    if (attributeOf(child, 'itemscope') === undefined) yield* ownElements(child);
  }
}

/** `<meta itemprop="name" content="...">` */
function contentOf(element: Element): string | undefined {
  return element.name === 'meta' ? attributeOf(element, 'content')?.trim() : undefined;
}
