// A fuzz target for the files of synonyms that `chatbot-data augment` reads, in all three formats.

import { join } from 'node:path';
import { replacementsOf } from '../../../src/prepare/augment/synonyms/own-words.js';
import { readSynonymFile } from '../../../src/prepare/augment/synonyms/synonym-file.js';
import { mutateText } from '../mutate-text.js';
import { fileOf, type Target, withFiles } from '../target.js';

const name = 'synonyms.txt';
const words = [
  ',',
  '；',
  '\t',
  '#',
  '=',
  '@',
  '+的',
  '"',
  'Aa01A01= ',
  '02131777-v\tcmn:lemma\t',
  '手机',
  'car',
];

export const synonyms: Target = {
  about: 'a file of synonyms',
  seeds: [
    '# ours\ncar,automobile\n"laptop"\tnotebook\n手机，移动电话\n',
    'Aa01A01= 人 士 人物\nAa01A02# 男人 女人\nAa01A03@ 孤儿\n',
    '# COW\tcmn\n02131777-v\tcmn:lemma\t看\n02131777-v\tcmn:lemma\t瞧\n00000001-a\tcmn:lemma\t大+的\n',
  ].map((text) => new Map([[name, Buffer.from(text)]])),
  mutate: (seed, dice, other) =>
    withFiles(seed, {
      [name]: mutateText(fileOf(seed, name).toString(), dice, words, fileOf(other, name).toString()),
    }),
  read: (folder) => replacementsOf([readSynonymFile(join(folder, name))], () => 2),
};
