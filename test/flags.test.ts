// Flags belong to the command line: below src/cli a message marks an option (src/option-names.ts), by a key that a table
// has, so that the library can name it as a property.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { chatOptions } from '../src/config/chat-options.js';
import { dataOptions } from '../src/config/data-options.js';
import { rulesOptions } from '../src/config/rules-options.js';
import { serveOptions } from '../src/config/serve-options.js';
import { trainOptions } from '../src/config/train-options.js';
import type { OptionSpec } from '../src/option-spec.js';
import { repositoryRoot } from './repository.js';

/** Lines of code outside src/cli: no tests, no style sheet, no comments, none of the texts that only `--help` shows. */
const lines = readdirSync(join(repositoryRoot, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/^cli\/|style\.ts$/.test(file))
  .flatMap((file) =>
    readFileSync(join(repositoryRoot, 'src', file), 'utf8')
      .split('\n')
      .map((text, index) => ({ place: `${file}:${index + 1}`, text }))
      .filter(({ text }) => !/^\s*(\/\/|\/?\*|help: |unset: )/.test(text)),
  );

const options = [
  trainOptions,
  chatOptions,
  ...Object.values(dataOptions),
  ...Object.values(rulesOptions),
  serveOptions,
].flatMap((table) => Object.entries<OptionSpec>(table));

it('no message below cli/ spells a flag of ours', () => {
  const names = options.flatMap(([key, spec]) => [key, spec.alias ?? key]);
  const flags = names.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  // `doctor --json` is a command to run, whoever reads it, and so are those of chatbot-data and the one on the data card.
  // `if (--depth` counts down.
  const commands = 'doctor |chatbot-data [^`]*|(?=--data \\.$)';
  const spelt = new RegExp(`(?<!${commands}|if \\()--(no-)?(${flags.join('|')})(?![\\w-])`);
  assert.deepEqual(
    lines.filter(({ text }) => spelt.test(text)).map(({ place, text }) => `${place}: ${text.trim()}`),
    [],
  );
});

it('every option that a message marks is one', () => {
  const known = new Set(options.map(([key]) => key));
  const marked = lines.flatMap(({ text }) =>
    [...text.matchAll(/\boption\('(\w+)'|training\(\{ (\w+):/g)].map(([, one, other]) => one ?? other ?? ''),
  );
  assert.ok(marked.length > 50);
  assert.deepEqual(
    marked.filter((key) => !known.has(key)),
    [],
  );
});
