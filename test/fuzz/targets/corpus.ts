// Fuzz targets for the corpus readers, with automatic format detection.

import { readCorpus } from '../../../src/corpus/read-corpus.js';
import { describedFormats } from '../../../src/corpus/readers.js';
import { summaryLines } from '../../../src/corpus/summary.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateJson } from '../mutate-json.js';
import { mutateText } from '../mutate-text.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

const records: readonly object[] = [
  { text: 'Hello', response: 'Hi there' },
  { text: '你好', response: '您好，请问有什么可以帮您？', rating: 'good' },
  { turns: ['Hi', 'Hello', 'How are you?', 'Fine'], rating: 'bad' },
  {
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello', weight: 0 },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: '1', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', content: '42', tool_call_id: '1' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'and?' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
      { role: 'assistant', content: 'So.' },
    ],
  },
  {
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: 'Hello' },
    ],
    system: 'Be brief.',
  },
  { instruction: 'Add.', input: '1 and 2', output: '3' },
  { prompt: 'Hi', chosen: 'Hello', rejected: 'Go away' },
  { prompt: 'Hi', completion: 'Hello', label: true },
  { context: ['Hi'], response: 'Hello' },
];

function read(folder: string): void {
  const { summary } = readCorpus([folder]);
  summaryLines(summary);
}

const oneFile = (name: string, content: string): Files => new Map([[name, Buffer.from(content)]]);

const lists = [
  records.slice(0, 2),
  records.slice(2, 3),
  records.slice(3, 4),
  ...records.slice(4).map((record) => [record]),
];

export const json: Target = {
  about: 'a corpus that is a JSON list of records',
  seeds: lists.map((list) => oneFile('data.json', JSON.stringify([...list, ...list], null, 1))),
  mutate(seed, dice, other) {
    const bytes = fileOf(seed, 'data.json');
    const mutant = dice.chance(3)
      ? mutateBytes(bytes, dice, fileOf(other, 'data.json'))
      : mutateJson(JSON.parse(bytes.toString()), dice);
    return withFiles(seed, { 'data.json': mutant });
  },
  read,
};

const jsonWords = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '\\ud800',
  'null',
  'NaN',
  '-',
  '1e999',
  '"text":',
  '\t',
  '\u0000',
];

export const jsonl: Target = {
  about: 'a corpus of JSON lines',
  seeds: lists.map((list) =>
    oneFile('data.jsonl', [...list, ...list].map((each) => `${JSON.stringify(each)}\n`).join('')),
  ),
  mutate(seed, dice, other) {
    const lines = fileOf(seed, 'data.jsonl').toString().split('\n');
    if (dice.chance(2)) {
      const at = dice.below(lines.length - 1);
      lines[at] = mutateJson(JSON.parse(lines[at] ?? 'null'), dice);
      return withFiles(seed, { 'data.jsonl': lines.join('\n') });
    }
    const mutant = mutateText(lines.join('\n'), dice, jsonWords, fileOf(other, 'data.jsonl').toString());
    return withFiles(seed, { 'data.jsonl': mutant });
  },
  read,
};

const tsvWords = ['\t', ' EOS ', '0.0 ', '1.0 ', 'EOS', '\r', '\u0000', '\ufeff', '1 ', '<|endoftext|>'];

export const tsv: Target = {
  about: "a corpus of DialoGPT's lines, and other tables with tabs",
  seeds: [
    'Hi EOS Hello EOS How are you?\tFine\nWhat is new?\tNothing EOS is\n',
    '0.0 Hi EOS 1.0 Hello\t1.0 Bye\n1.0 So?\t0.0 No\n',
    'question\tanswer\nHi\tHello\n',
    '1 Hi\tHello\n2 Bye\tSee you\n1 Hi again\tHello again\n',
  ].map((content) => oneFile('data.tsv', content)),
  mutate: (seed, dice, other) =>
    withFiles(seed, {
      'data.tsv': mutateText(
        fileOf(seed, 'data.tsv').toString(),
        dice,
        tsvWords,
        fileOf(other, 'data.tsv').toString(),
      ),
    }),
  read,
};

const cornellWords = [' +++$+++ ', '+++$+++', 'L1', 'u0', "['L1', 'L2']", '[', "'", '\x92', '\u0000', '\t'];

export const cornell: Target = {
  about: 'a folder of the Cornell Movie-Dialogs Corpus',
  seeds: [
    new Map([
      [
        'movie_lines.txt',
        Buffer.from(
          'L1 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ Hello.\nL2 +++$+++ u1 +++$+++ m0 +++$+++ BOB +++$+++ Hi.\nL3 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ Bye.\n',
        ),
      ],
      [
        'movie_conversations.txt',
        Buffer.from(
          "u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L1', 'L2']\nu0 +++$+++ u1 +++$+++ m0 +++$+++ ['L2', 'L3']\n",
        ),
      ],
    ]),
  ],
  mutate(seed, dice) {
    const name = dice.pick(['movie_lines.txt', 'movie_conversations.txt']);
    const content = fileOf(seed, name).toString();
    return withFiles(seed, { [name]: mutateText(content, dice, cornellWords, content) });
  },
  read,
};

export const formats: Target = {
  about: 'the example of each corpus format',
  seeds: describedFormats.map(
    ({ example }) =>
      new Map(Object.entries(example).map(([name, content]) => [name, Buffer.from(content as string)])),
  ),
  mutate(seed, dice, other) {
    const name = dice.pick([...seed.keys()]) ?? '';
    const bytes = fileOf(seed, name);
    const splice = Buffer.from([...other.values()][0] ?? []);
    const mutant = dice.chance(3)
      ? mutateBytes(bytes, dice, splice)
      : mutateText(bytes.toString(), dice, [...jsonWords, ...tsvWords], splice.toString());
    return withFiles(seed, { [name]: mutant });
  },
  read,
};
