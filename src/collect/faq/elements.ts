// Questions in the elements of a page: details with a summary, description lists, and headings. These elements also serve
// other purposes, so they count only where they look like questions. One question among properties of a product is no FAQ:
// in a description list, and among the details of a page, at least half of the entries must be questions.

import { contentIn, isContent, lineOf, textOf } from '../html-text.js';
import type { Element, HtmlNode } from '../html-tree.js';
import { isQuestion, type Pair } from './question.js';

export function pairsInDetails(page: Element): Pair[] {
  const entries = [...contentIn(page)].flatMap((element) => {
    const summary = element.name === 'details' ? childrenNamed(element, 'summary')[0] : undefined;
    if (summary === undefined) return [];
    const answer = element.children.filter((child) => child !== summary);
    return [{ question: lineOf([summary]), answer: textOf(answer) }];
  });
  return mostlyQuestions(entries);
}

export function pairsInDescriptionLists(page: Element): Pair[] {
  return [...contentIn(page)]
    .filter(({ name }) => name === 'dl')
    .flatMap((list) => mostlyQuestions(entriesOf(list)));
}

/** A term may have several descriptions, and a description several terms. */
function entriesOf(list: Element): Pair[] {
  const entries: { terms: Element[]; descriptions: Element[] }[] = [];
  for (const child of termsAndDescriptions(list)) {
    const last = entries.at(-1);
    if (child.name === 'dd') last?.descriptions.push(child);
    else if (last !== undefined && last.descriptions.length === 0) last.terms.push(child);
    else entries.push({ terms: [child], descriptions: [] });
  }
  return entries.map(({ terms, descriptions }) => ({
    question: lineOf(terms),
    answer: textOf(descriptions),
  }));
}

/** The entries may be grouped in div elements. */
function termsAndDescriptions(list: Element): Element[] {
  return list.children.flatMap((child) => {
    if (typeof child === 'string') return [];
    if (child.name === 'div') return termsAndDescriptions(child);
    return child.name === 'dt' || child.name === 'dd' ? [child] : [];
  });
}

function mostlyQuestions(entries: readonly Pair[]): Pair[] {
  const questions = entries.filter(({ question }) => isQuestion(question)).length;
  return questions * 2 >= entries.length ? entries.filter(({ question }) => question !== '') : [];
}

function childrenNamed(element: Element, name: string): Element[] {
  return element.children.filter(
    (child): child is Element => typeof child !== 'string' && child.name === name,
  );
}

const headingName = /^h[1-6]$/;
/** Each heading searches among its siblings, so their number is limited. No page for people has more. */
const mostHeadings = 1000;

/**
 * A heading that is a question, with the text up to the next heading. The text ends where the part of the page ends that
 * holds the heading and the nearest other question, so that it does not run into the page's footer.
 */
export function pairsUnderHeadings(page: Element): Pair[] {
  const headings = [...contentIn(page)].filter(({ name }) => headingName.test(name));
  const questions = headings.filter((heading) => isQuestion(lineOf([heading]))).slice(0, mostHeadings);
  return questions.map((heading, index) => {
    const neighbours = [questions[index - 1], questions[index + 1]].filter((each) => each !== undefined);
    return { question: lineOf([heading]), answer: textOf(textAfter(heading, scopeOf(heading, neighbours))) };
  });
}

function ancestorsOf(element: Element): Element[] {
  const ancestors: Element[] = [];
  for (let parent = element.parent; parent !== null; parent = parent.parent) ancestors.push(parent);
  return ancestors;
}

/** The smallest element around the heading and a neighbour. A heading alone has its section. */
function scopeOf(heading: Element, neighbours: readonly Element[]): Element | undefined {
  const ancestors = ancestorsOf(heading);
  const shared = neighbours.map((neighbour) => {
    const others = new Set(ancestorsOf(neighbour));
    return ancestors.findIndex((ancestor) => others.has(ancestor));
  });
  const section = ancestors.findIndex(({ name }) => /^(?:section|article|main|body|)$/.test(name));
  return ancestors[shared.length > 0 ? Math.min(...shared) : section];
}

/** What follows the heading in document order inside `scope`, up to the next heading. */
function textAfter(heading: Element, scope: Element | undefined): HtmlNode[] {
  const found: HtmlNode[] = [];
  let last: Element = heading;
  while (last.parent !== null && last !== scope) {
    const siblings = last.parent.children;
    for (let index = siblings.indexOf(last) + 1; index < siblings.length; index++) {
      const { nodes, ended } = upToHeading(siblings[index] ?? '');
      found.push(...nodes);
      if (ended) return found;
    }
    last = last.parent;
    // Lines must not run together where a block ends.
    found.push({ name: 'br', attributes: {}, children: [], parent: null });
  }
  return found;
}

/** A node up to the first heading in it. */
function upToHeading(node: HtmlNode): { readonly nodes: readonly HtmlNode[]; readonly ended: boolean } {
  if (typeof node === 'string') return { nodes: [node], ended: false };
  if (headingName.test(node.name)) return { nodes: [], ended: true };
  if (!isContent(node.name)) return { nodes: [], ended: false };
  const children: HtmlNode[] = [];
  for (const child of node.children) {
    const part = upToHeading(child);
    children.push(...part.nodes);
    if (part.ended) return { nodes: [{ ...node, children }], ended: true };
  }
  return { nodes: [node], ended: false };
}
