// Writes the list of formats in docs/data.md, the tables of cleaning rules, kinds of personal data and augmenters in
// docs/preparing.md, and those of slots and skills in docs/bots.md, from the tables in the sources. Needs the compiled sources (`npm run build`).
//
//   node scripts/write-tables.mjs           writes the pages
//   node scripts/write-tables.mjs --print   prints them

import { readFileSync, writeFileSync } from 'node:fs';
import { skills } from '../dist/src/bots/rules/skills.js';
import { slotKinds } from '../dist/src/bots/rules/slots.js';
import { describedFormats } from '../dist/src/corpus/readers.js';
import { kebab } from '../dist/src/option-spec.js';
import { augmenters } from '../dist/src/prepare/augment/augmenters.js';
import { allRules } from '../dist/src/prepare/rules.js';
import { recognizers } from '../dist/src/prepare/sensitive/recognizers.js';

const shown = (content) => (typeof content === 'string' ? content.trimEnd() : '(binary)');

function described({ format, about, example }) {
  const files = Object.entries(example).map(
    ([name, content]) => `\`${name}\`:\n\n\`\`\`\n${shown(content)}\n\`\`\``,
  );
  return `#### \`${format}\`: ${about}\n\n${files.join('\n\n')}\n`;
}

const list = [...describedFormats].sort((one, other) => (one.format < other.format ? -1 : 1)).map(described);

const cell = (texts) =>
  texts === null
    ? 'dropped'
    : texts.map((text) => `\`${visible(text).replaceAll('|', '\\|')}\``).join('<br>');
/** Invisible characters and unusual spaces as escapes. */
const visible = (text) =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/(?! )[\p{Cf}\p{Zs}\p{Cc}]/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
const flags = (options = {}) =>
  Object.entries(options)
    .map(([key, value]) => `<br>with \`--${kebab(key)} ${value}\``)
    .join('');
const rules = allRules.map(
  ({ name, byDefault, examples: [example] }) =>
    `| \`${name}\`${flags(example.options)} | ${byDefault ? 'on' : 'off'} | ${cell(example.before)} | ${cell(example.after)} |`,
);
const kinds = recognizers.map(
  ({ entity, about, byDefault, finds: [[, found]] }) =>
    `| \`${entity}\` | ${byDefault ? 'yes' : 'no'} | ${about} | \`${found}\` |`,
);
const kindsTable = ['| kind | in `pii` | what | example |', '|---|---|---|---|', ...kinds].join('\n');
const ways = augmenters.map(({ name, help, options, examples: [example] }) => {
  const [way] = Object.keys(options);
  const shownExample = example ? `\`${example.before}\` → \`${example.after}\`` : '';
  return `| \`${name}\` | \`--${kebab(way)}\` | ${help} | ${shownExample} |`;
});
const waysTable = ['| augmenter | option | | example |', '|---|---|---|---|', ...ways].join('\n');
const slots = slotKinds.map(({ name, help, example }) => `| \`${name}\` | ${help} | \`${example}\` |`);
const slotsTable = ['| kind | what it takes | example |', '|---|---|---|', ...slots].join('\n');
const skillRows = skills.map(({ name, help, examples }) => {
  const shown = examples.filter(([, answer]) => answer !== null);
  const rows = shown.map(([message, answer]) => `\`${message}\` → \`${answer}\``);
  return `| \`${name}\` | ${help} | ${rows.join('<br>')} |`;
});
const skillsTable = ['| skill | what it answers | examples |', '|---|---|---|', ...skillRows].join('\n');
const table = ['| rule | by default | before | after |', '|---|---|---|---|', ...rules].join('\n');

/** Replaces what stands between two marks. */
function between(text, name, content) {
  const [start, end] = [
    `<!-- ${name}: written by scripts/write-tables.mjs -->\n`,
    `<!-- end of ${name} -->\n`,
  ];
  return `${text.slice(0, text.indexOf(start) + start.length)}\n${content}\n${text.slice(text.indexOf(end))}`;
}

const pages = [
  ['data.md', [['formats', list.join('\n')]]],
  [
    'preparing.md',
    [
      ['rules', `${table}\n`],
      ['augmenters', `${waysTable}\n`],
      ['kinds of personal data', `${kindsTable}\n`],
    ],
  ],
  [
    'bots.md',
    [
      ['slots', `${slotsTable}\n`],
      ['skills', `${skillsTable}\n`],
    ],
  ],
];
for (const [name, parts] of pages) {
  const page = new URL(`../docs/${name}`, import.meta.url);
  let text = readFileSync(page, 'utf8');
  for (const [part, content] of parts) text = between(text, part, content);
  if (process.argv.includes('--print')) process.stdout.write(text);
  else writeFileSync(page, text);
}
