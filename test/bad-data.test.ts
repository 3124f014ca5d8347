// Conversations that cannot be used, and what a run says of them. src/corpus/bad-corpora.test.ts has many more, without the
// command.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BadInput, goodData, testBadInputs } from './bad-input.js';

const data = (what: string, name: string, content: string | Uint8Array, says: string): BadInput => ({
  name: what,
  says,
  arrange: ({ file }) => ['--data', file(name, content)],
});

const pair = (text: string, response: string) => `${JSON.stringify({ text, response })}\n`;

testBadInputs('data', [
  {
    name: 'a file that is not there',
    says: 'FOLDER/chat.json does not exist; check the path',
    arrange: ({ folder }) => ['--data', join(folder, 'chat.json')],
  },
  {
    name: 'a folder without conversations',
    says: 'FOLDER/empty has no files; put conversations in it, or name another folder',
    arrange: ({ folder }) => {
      mkdirSync(join(folder, 'empty'));
      return ['--data', join(folder, 'empty')];
    },
  },
  data('an empty file', 'a.json', '', 'FOLDER/a.json is empty; add conversations to it'),
  data(
    'a binary file',
    'a.json',
    Buffer.from([1, 2, 0, 255, 7]),
    'FOLDER/a.json is a binary file (byte 2 is zero), not text; use a UTF-8 text file instead',
  ),
  data(
    'a picture',
    'a.json',
    Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'),
    'FOLDER/a.json is a binary file (byte 8 is zero), not text; use a UTF-8 text file instead',
  ),
  data(
    'malformed JSON',
    'a.json',
    '[\n{"text": "a", "response": "b"},\n{"text": "c" "response": "d"}]',
    'FOLDER/a.json:3:14 is not JSON: expected a comma or }, found a double quote',
  ),
  data(
    'a malformed line of JSONL',
    'a.jsonl',
    `${pair('a', 'b')}{"text": "c", "resp`,
    'FOLDER/a.jsonl:2:15 is not JSON: a string is not closed (1 of 2 records cannot be read)',
  ),
  data(
    'a misspelt field name',
    'a.json',
    '[{"txt": "hi", "response": "hello"}]',
    'FOLDER/a.json:1: expected questions and answers, turns or messages (docs/data.md lists all formats), found txt and response',
  ),
  data('an empty list', 'a.json', '[]', 'FOLDER/a.json has no records; add conversations to it'),
  data(
    'an object where a list belongs',
    'a.json',
    '{"text": 3}',
    'FOLDER/a.json:1: expected questions and answers, turns or messages (docs/data.md lists all formats), found text',
  ),
  data(
    'a TSV without a tab',
    'a.tsv',
    'no tab here\n',
    'FOLDER/a.tsv:1: expected two columns (source<TAB>target), found no tab in "no tab here"; fix or remove the line',
  ),
  data(
    'dialogues of one turn',
    'a.jsonl',
    '{"turns": ["alone"]}\n',
    'no dialogue in FOLDER/a.jsonl can be used (1 record skipped: fewer than two turns with text (line 1)); each dialogue needs at least two turns with text',
  ),
  data(
    'dialogues without text',
    'a.jsonl',
    pair('', ' '),
    'no dialogue in FOLDER/a.jsonl can be used (1 record skipped: fewer than two turns with text (line 1)); each dialogue needs at least two turns with text',
  ),
  data(
    'too few to measure on',
    'a.json',
    `[${pair('same', 'again')}]`,
    'an evaluation set needs at least 2 different dialogues, but the data has 1; add more, or set --eval-ratio 0',
  ),
  {
    name: 'a format that the file is not in',
    says: 'ROOT/chats.json is not in the format cornell; leave out --format to recognize it by its content',
    arrange: () => ['--data', goodData, '--format', 'cornell'],
  },
  {
    name: 'evaluation data that are all the data',
    says: 'every dialogue of --data is also in --eval-data, so none is left to train on; use other dialogues for one of the two',
    arrange: () => ['--eval-data', goodData],
  },
  {
    name: 'evaluation data that are not there',
    says: 'FOLDER/held.json does not exist; check the path',
    arrange: ({ folder }) => ['--eval-data', join(folder, 'held.json')],
  },
]);
