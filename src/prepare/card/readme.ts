// README.md of a prepared corpus: its data card, with the front matter that the Hugging Face hub and its datasets library read. It
// holds no text of the dialogues and no path, because it is what people publish first.

import { evalName, trainName } from '../../corpus/prepared/prepared-files.js';
import { oneLine } from '../../quote.js';
import type { Manifest } from '../manifest.js';
import type { Licence } from './licences.js';

/** Identifiers of the hub for licences that corpora have. */
const hubLicences: readonly string[] = [
  ...['apache-2.0', 'mit', 'bsd-3-clause', 'bsd-2-clause', 'cc0-1.0', 'cc-by-2.0', 'cc-by-3.0', 'cc-by-4.0'],
  ...['cc-by-sa-3.0', 'cc-by-sa-4.0', 'cc-by-nc-4.0', 'cc-by-nc-sa-4.0', 'cc-by-nd-4.0', 'cc-by-nc-nd-4.0'],
  ...['cdla-sharing-1.0', 'cdla-permissive-2.0', 'odbl', 'pddl', 'odc-by', 'gpl-3.0', 'wtfpl', 'unlicense'],
];

const sizes: readonly (readonly [below: number, name: string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
];

/** Languages of fewer dialogues are mistakes of the detector more often than not. */
const leastShare = 0.01;

export function renderReadme(manifest: Manifest): string {
  return `${frontMatter(manifest)}
# Data card

Conversations to train a chatbot on, prepared by \`chatbot-data prepare\`. This page is written anew when the corpus is prepared
again, so give it what it should say besides as a note.

${contentsTable(manifest)}
${licenceSection(manifest)}${noteSection(manifest)}${personalSection(manifest)}${cleaningSection(manifest)}
## Use

What the corpus may be used for, who agreed to that, and what it must not be used for is not known to the program. Whoever
shares the corpus says so in its note and licence.

    chatbot-train --data .
`;
}

function frontMatter({ dialogues, contents, origin }: Manifest): string {
  const { train, eval: evaluation } = dialogues;
  const languages = Object.entries(contents?.languages ?? {})
    .filter(([language, share]) => share >= leastShare && /^[a-z]{2,3}$/.test(language))
    .map(([language]) => language);
  const list = (name: string, values: readonly string[]) =>
    values.length === 0 ? '' : `${name}:\n${values.map((value) => `- ${value}\n`).join('')}`;
  const size = sizes.find(([below]) => train + evaluation < below)?.[1] ?? 'n>10M';
  const files = [`  - split: train\n    path: ${trainName}\n`];
  if (evaluation > 0) files.push(`  - split: validation\n    path: ${evalName}\n`);
  return `---
${list('language', languages)}license: ${hubLicence(origin?.licences ?? [])}
${list('task_categories', ['text-generation'])}${list('tags', ['conversational'])}${list('size_categories', [size])}configs:
- config_name: default
  data_files:
${files.join('')}---
`;
}

/** `other` is explained in the text of the page. */
function hubLicence(licences: readonly Licence[]): string {
  const ids = new Set(
    licences
      .filter(({ from }) => from !== 'file')
      .map(({ licence }) => licence.replace(/ \(.*/, '').trim().toLowerCase().replace(/ +/g, '-')),
  );
  const [id] = ids;
  if (licences.length === 0) return 'unknown';
  return ids.size === 1 && id !== undefined && hubLicences.includes(id) ? id : 'other';
}

function table(rows: readonly (readonly [name: string, value: string])[]): string {
  return `| | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value} |\n`).join('')}`;
}

function contentsTable({ dialogues, contents, origin }: Manifest): string {
  const rows: [string, string][] = [
    ['dialogues to train on', String(dialogues.train)],
    ['dialogues to evaluate on', String(dialogues.eval)],
  ];
  if (contents) {
    const shares = Object.entries(contents.languages).map(
      ([language, share]) => `${language} ${Math.round(1000 * share) / 10}%`,
    );
    rows.push(
      ['turns', `${contents.turns}, of which training learns ${contents.learnedTurns}`],
      ['characters', String(contents.characters)],
      ['speakers', contents.speakers === 0 ? 'not named' : String(contents.speakers)],
      ['languages', shares.join(', ')],
      ['time', contents.from === null ? 'not known' : `${contents.from} to ${contents.to}`],
    );
    if (contents.augmentedDialogues > 0)
      rows.push(['augmented dialogues', String(contents.augmentedDialogues)]);
  }
  const formats = Object.entries(origin?.formats ?? {}).map(([format, files]) => `${format} (${files})`);
  if (formats.length > 0) rows.push(['formats (files)', formats.join(', ')]);
  return table(rows);
}

const says: Readonly<Record<Licence['from'], string>> = {
  option: '',
  download: ', as it was downloaded',
  file: ', a file of the source',
};

function licenceSection({ origin, sources }: Manifest): string {
  const licences = origin?.licences ?? [];
  const lines = licences.map(({ source, licence, from }) => {
    const what =
      source === null ? 'all sources' : `source ${1 + sources.findIndex(({ path }) => path === source)}`;
    return `- ${what} of ${sources.length}: ${written(licence)}${says[from]}\n`;
  });
  return `\n## Licences\n\n${lines.join('') || 'None is known.\n'}`;
}

function noteSection({ origin }: Manifest): string {
  return origin?.note ? `\n## Note\n\n${origin.note.trim()}\n` : '';
}

function personalSection({ settings, redacted }: Manifest): string {
  const counts = Object.entries(redacted).map(([kind, count]) => [kind, `${count} values`] as const);
  const { redact, redactWith } = settings;
  if (typeof redact !== 'string' || redact === 'none')
    return '\n## Personal data\n\nNone was looked for, so names, addresses and numbers may be in the texts.\n';
  return `\n## Personal data\n\nReplaced: \`${written(redact)}\`, by \`${written(String(redactWith))}\`. Rules find most of it, but not all.\n\n${table(counts)}`;
}

function cleaningSection({ rules }: Manifest): string {
  const rows = Object.entries(rules).map(([rule, { changed, dropped }]) => {
    const count = Object.values(dropped).reduce((sum, one) => sum + one, 0);
    return [`\`${rule}\``, `${changed} changed, ${count} dropped`] as const;
  });
  return rows.length === 0 ? '' : `\n## Cleaning\n\nDialogues by rule:\n\n${table(rows)}`;
}

/** A text of unknown origin on one line of Markdown. */
function written(text: string): string {
  return oneLine(text, 400).replace(/[\\`*_[\]<>|#]/g, '\\$&');
}
