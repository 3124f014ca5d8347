// Writes the list of formats in docs/data.md from the tables of readers. Needs the compiled readers (`npm run build`).
//
//   node scripts/write-formats.mjs           writes the page
//   node scripts/write-formats.mjs --print   prints it

import { readFileSync, writeFileSync } from 'node:fs';
import { describedFormats } from '../dist/src/corpus/readers.js';

const page = new URL('../docs/data.md', import.meta.url);
const [start, end] = [
  '<!-- formats: written by scripts/write-formats.mjs -->\n',
  '<!-- end of formats -->\n',
];

const shown = (content) => (typeof content === 'string' ? content.trimEnd() : '(binary)');

function described({ format, about, example }) {
  const files = Object.entries(example).map(
    ([name, content]) => `\`${name}\`:\n\n\`\`\`\n${shown(content)}\n\`\`\``,
  );
  return `#### \`${format}\`: ${about}\n\n${files.join('\n\n')}\n`;
}

const list = [...describedFormats].sort((one, other) => (one.format < other.format ? -1 : 1)).map(described);
const text = readFileSync(page, 'utf8');
const before = text.slice(0, text.indexOf(start) + start.length);
const written = `${before}\n${list.join('\n')}\n${text.slice(text.indexOf(end))}`;
if (process.argv.includes('--print')) process.stdout.write(written);
else writeFileSync(page, written);
