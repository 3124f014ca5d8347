// Writes word-lists/simplified-characters.txt, the simplified forms of traditional Chinese characters, from OpenCC's
// TSCharacters.txt. The packages that convert whole texts are larger (opencc-js: megabytes), and questions need only characters.
//   usage: node scripts/write-simplified-characters.mjs TSCharacters.txt
// The file is data/dictionary/TSCharacters.txt of https://github.com/BYVoid/OpenCC.

import { readFileSync, writeFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("name OpenCC's TSCharacters.txt");
const forms = new Map();
for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
  if (line === '' || line.startsWith('#')) continue;
  const [traditional, written = ''] = line.split('\t');
  // The first form is the usual one.
  const [simplified] = written.split(' ');
  if ([...traditional].length !== 1 || [...simplified].length !== 1 || simplified === traditional) continue;
  forms.set(traditional, simplified);
}
const byForm = new Map();
for (const [traditional, simplified] of forms) {
  // A simplified form can be another's traditional one; what is simplified must stay as it is.
  const last = forms.get(simplified) ?? simplified;
  byForm.set(last, (byForm.get(last) ?? '') + traditional);
}
const head = `# A simplified Chinese character, and the traditional ones that are written so. scripts/write-simplified-characters.mjs wrote it from
# TSCharacters.txt of OpenCC (https://github.com/BYVoid/OpenCC), Copyright OpenCC contributors, Apache License 2.0.
`;
const lines = [...byForm].map(([simplified, traditional]) => `${simplified}${traditional}\n`);
writeFileSync(
  new URL('../word-lists/simplified-characters.txt', import.meta.url),
  `${head}${lines.join('')}`,
);
