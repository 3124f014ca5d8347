// Writes word-lists/emoji.txt, the names of emoji in Slack, Discord and GitHub, from the package emojibase-data, which is too large to
// depend on (49 MB).
//   usage: npm install --no-save --ignore-scripts emojibase-data@17.0.0 && node scripts/write-emoji-names.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
/** Slack, GitHub, Discord. The first that has a name decides what it means. */
const sets = ['iamcal', 'github', 'joypixels'];
const licence = readFileSync(require.resolve('emojibase-data/LICENSE'), 'utf8').trim();

function characters(hex) {
  const text = String.fromCodePoint(...hex.split('-').map((code) => Number.parseInt(code, 16)));
  return /^\p{Emoji_Presentation}|\ufe0f|\u200d/u.test(text) ? text : `${text}\ufe0f`;
}

const skinTone = /1F3F[B-F]/;
const meanings = new Map();
for (const set of sets)
  for (const [hex, names] of Object.entries(require(`emojibase-data/en/shortcodes/${set}.json`)))
    for (const name of [names].flat()) {
      // Names of one or two characters are too easily something else, unless Slack has them.
      const isName = /^[a-z0-9_+'-]+$/.test(name) && (set === 'iamcal' || name.length > 2);
      if (isName && !skinTone.test(hex) && !meanings.has(name)) meanings.set(name, hex);
    }

const names = new Map();
for (const [name, hex] of meanings) names.set(hex, [...(names.get(hex) ?? []), name]);
const lines = [...names].map(([hex, all]) => `${characters(hex)} ${all.join(' ')}`);
const head = `Emoji and their names in Slack, GitHub and Discord. Written by scripts/write-emoji-names.mjs from emojibase-data.\n\n${licence}`;
const comment = head.split('\n').map((line) => `# ${line}`.trim());
writeFileSync(new URL('../word-lists/emoji.txt', import.meta.url), `${[...comment, ...lines].join('\n')}\n`);
