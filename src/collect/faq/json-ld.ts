// Questions in JSON-LD (schema.org/FAQPage, QAPage): any Question with an answer counts, wherever it stands in the data,
// because sites nest them in @graph, in lists, or in the page's main entity. An answer may contain HTML.

import { parseJson } from '../../files/parse-json.js';
import { type Fields, isRecord } from '../../objects.js';
import { lineOf, textOf } from '../html-text.js';
import { attributeOf, type Element, elementsIn, parseHtml } from '../html-tree.js';
import type { Pair } from './question.js';

/** @param onBroken is called for each script whose JSON is invalid. */
export function pairsInJsonLd(page: Element, onBroken: () => void): Pair[] {
  const pairs: Pair[] = [];
  for (const script of elementsIn(page)) {
    if (script.name !== 'script') continue;
    if (!/^application\/ld\+json\b/i.test(attributeOf(script, 'type')?.trim() ?? '')) continue;
    const data = parsed(script.children.filter((child) => typeof child === 'string').join(''));
    if (data === undefined) onBroken();
    else collect(data, pairs);
  }
  return pairs;
}

function parsed(script: string): unknown {
  // Some sites wrap scripts in comments, and many leave line breaks inside strings.
  const json = script
    .replace(/^\s*(?:<!--|\/\*\s*<!\[CDATA\[\s*\*\/|<!\[CDATA\[)/, '')
    .replace(/(?:-->|\/\*\s*\]\]>\s*\*\/|\]\]>)\s*$/, '');
  for (const text of [json, json.replace(/[\r\n\t]+/g, ' ')])
    try {
      return parseJson(text);
    } catch {}
  return undefined;
}

/** parseJson limits the depth, so this may recurse. */
function collect(value: unknown, pairs: Pair[]): void {
  if (Array.isArray(value)) for (const each of value) collect(each, pairs);
  if (!isRecord(value)) return;
  if (isOfType(value, 'Question')) {
    const pair = pairOf(value);
    if (pair) pairs.push(pair);
  }
  for (const each of Object.values(value)) collect(each, pairs);
}

function isOfType(value: Fields, type: string): boolean {
  return [value['@type']]
    .flat()
    .some((name) => typeof name === 'string' && name.split(/[/#:]/).at(-1) === type);
}

function pairOf(question: Fields): Pair | undefined {
  const name = firstText([question.name, question.text, question.headline]);
  const answer = [question.acceptedAnswer, question.suggestedAnswer]
    .flat()
    .map((given) => (isRecord(given) ? firstText([given.text, given.name, given.description]) : given))
    .find((text): text is string => typeof text === 'string' && text.trim() !== '');
  if (name === undefined || answer === undefined) return undefined;
  return { question: lineOf(parseHtml(name).children), answer: textOf(textual(answer)) };
}

function firstText(values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value.trim() !== '');
}

/** Plain answers keep their line breaks; in HTML they mean nothing. */
function textual(answer: string) {
  return parseHtml(/<[a-z/]/i.test(answer) ? answer : answer.replace(/\r\n?|\n/g, '<br>')).children;
}
