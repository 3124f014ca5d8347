// Spells the options that messages mark (option-names.ts) as command-line flags.

import { messageOf } from '../errors.js';
import { type Naming, withOptionNames } from '../option-names.js';
import { kebab } from '../option-spec.js';

const flags: Naming = {
  option: flag,
  options: (values) => flagList(values).join(' '),
  training: (values) => ['chatbot-train', ...flagList(values)].join(' '),
};

function flagList(values: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(values).map(([key, value]) => flag(key, value));
}

function flag(key: string, value?: string | number | boolean): string {
  if (value === false) return `--no-${kebab(key)}`;
  return value === undefined || value === true ? `--${kebab(key)}` : `--${kebab(key)} ${value}`;
}

/** A message with its options as flags. */
export function withFlags(text: string): string {
  return withOptionNames(text, flags);
}

/** The message of whatever was thrown, with options as flags. */
export function flagMessageOf(thrown: unknown): string {
  return withFlags(messageOf(thrown));
}
