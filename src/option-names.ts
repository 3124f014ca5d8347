// Options in messages. A message marks an option instead of spelling it, because users of the command line know it as a flag
// (`--max-length 64`) and programs as a property (`maxLength: 64`). Marks are Unicode noncharacters, which ordinary text
// does not contain. Code that shows a message decides how marks are spelt. A UserError's `message` uses properties.

import { isRecord } from './objects.js';

type Value = string | number | boolean;

type Values = Readonly<Record<string, Value>>;

/** A way to spell options. */
export interface Naming {
  /** @param value undefined to name the option alone. */
  option(key: string, value?: Value): string;
  /** Several options together, each with its value. */
  options(values: Values): string;
  /** A training run with these options. */
  training(values: Values): string;
}

const [opening, closing] = ['\ufdd0', '\ufdd1'];
const marks = new RegExp(`${opening}([^${opening}${closing}]*)${closing}`, 'g');

/**
 * An option, in camelCase, as part of a message: `option('device', 'cpu')` becomes `--device cpu` or `device: 'cpu'`.
 * A switch takes true or false: `option('packing', false)` becomes `--no-packing` or `packing: false`.
 */
export function option(key: string, value?: Value): string {
  return marked(value === undefined ? [key] : [key, value]);
}

/** Options that belong together: `--max-length 64 --gradient-checkpointing` or `maxLength: 64, gradientCheckpointing: true`. */
export function options(values: Values): string {
  return marked({ options: values });
}

/** A training run in a message: `chatbot-train --reverse` or `train({ reverse: true })`. */
export function training(values: Values): string {
  return marked({ training: values });
}

type Content = readonly [key: string, value?: Value] | { options: Values } | { training: Values };

/** Replaces each mark in the text by its spelling. */
export function withOptionNames(text: string, naming: Naming): string {
  return text.replace(marks, (_, json: string) => {
    const content = contentOf(json);
    if (content === null) return json;
    if ('options' in content) return naming.options(content.options);
    return 'training' in content ? naming.training(content.training) : naming.option(...content);
  });
}

/** Null for anything that `marked` has not written: a hostile file name may contain the marks. */
function contentOf(json: string): Content | null {
  try {
    const content: unknown = JSON.parse(json);
    if (isRecord(content))
      return isRecord(content.options) || isRecord(content.training) ? (content as Content) : null;
    return Array.isArray(content) && typeof content[0] === 'string' ? (content as unknown as Content) : null;
  } catch {
    return null;
  }
}

const properties: Naming = {
  option: property,
  options: propertyList,
  training: (values) => (Object.keys(values).length === 0 ? 'train()' : `train({ ${propertyList(values)} })`),
};

function propertyList(values: Values): string {
  return Object.entries(values)
    .map(([key, value]) => property(key, value))
    .join(', ');
}

function property(key: string, value?: Value): string {
  if (value === undefined) return key;
  return `${key}: ${typeof value === 'string' ? `'${value}'` : value}`;
}

/** The text with options spelt as properties, for programs. */
export function withProperties(text: string): string {
  return withOptionNames(text, properties);
}

function marked(content: Content): string {
  const json = JSON.stringify(content).replaceAll(opening, '').replaceAll(closing, '');
  return `${opening}${json}${closing}`;
}
