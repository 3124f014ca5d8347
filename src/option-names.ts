// Options in messages. A message marks an option instead of spelling it, because a person at a command line knows it as
// a flag (`--max-length 64`) and a program as a property (`maxLength: 64`). Marks are Unicode noncharacters, which no
// text contains; whoever shows a message says how marks read. A UserError's `message` has properties.

type Value = string | number | boolean;

/** How options are spelt: a single one, and a call of the training with options. */
export interface Naming {
  /** @param value undefined: only the name is meant. */
  option(key: string, value?: Value): string;
  training(options: Readonly<Record<string, Value>>): string;
}

const [opening, closing] = ['\ufdd0', '\ufdd1'];
const marks = new RegExp(`${opening}([^${closing}]*)${closing}`, 'g');

/**
 * An option, in camelCase, as part of a message: `option('device', 'cpu')` becomes `--device cpu` or `device: 'cpu'`.
 * A switch takes true or false: `option('packing', false)` becomes `--no-packing` or `packing: false`.
 */
export function option(key: string, value?: Value): string {
  return marked(value === undefined ? [key] : [key, value]);
}

/** A training as part of a message: `chatbot-train --reverse` or `train({ reverse: true })`. */
export function training(options: Readonly<Record<string, Value>>): string {
  return marked(options);
}

/** The text with each mark spelt out. */
export function withOptionNames(text: string, naming: Naming): string {
  return text.replace(marks, (_, json: string) => {
    const content: readonly [string, Value?] | Readonly<Record<string, Value>> = JSON.parse(json);
    return isOption(content) ? naming.option(...content) : naming.training(content);
  });
}

function isOption(content: object): content is readonly [string, Value?] {
  return Array.isArray(content);
}

const properties: Naming = {
  option: property,
  training: (options) => {
    const named = Object.entries(options).map(([key, value]) => property(key, value));
    return named.length === 0 ? 'train()' : `train({ ${named.join(', ')} })`;
  },
};

function property(key: string, value?: Value): string {
  if (value === undefined) return key;
  return `${key}: ${typeof value === 'string' ? `'${value}'` : value}`;
}

/** The text as a program reads it, with properties. */
export function withProperties(text: string): string {
  return withOptionNames(text, properties);
}

function marked(content: readonly [string, Value?] | Readonly<Record<string, Value>>): string {
  const json = JSON.stringify(content).replaceAll(opening, '').replaceAll(closing, '');
  return `${opening}${json}${closing}`;
}
