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
    says: 'FOLDER/empty has no file that ends in .json, .jsonl, .ndjson, .tsv; put conversations in it, or name another folder',
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
    'other field names',
    'a.json',
    '[{"question": "hi", "answer": "hello"}]',
    'FOLDER/a.json:1: expected text and response, or turns, or messages or conversations, found question and answer; rename question to text and answer to response',
  ),
  data(
    'a misspelt field name',
    'a.json',
    '[{"txt": "hi", "response": "hello"}]',
    'FOLDER/a.json:1: expected text and response, or turns, or messages or conversations, found txt and response; rename txt to text',
  ),
  data('an empty list', 'a.json', '[]', 'FOLDER/a.json contains an empty list; add conversations to it'),
  data(
    'an object where a list belongs',
    'a.json',
    '{"text": 3}',
    'FOLDER/a.json:1: expected text and response, or turns, or messages or conversations, found text',
  ),
  data(
    'GB18030',
    'a.jsonl',
    Buffer.concat([
      Buffer.from(pair('a', 'b')),
      Buffer.from('{"text": "'),
      Buffer.from('c4e3bac3cac0bde7', 'hex'),
      Buffer.from('", "response": "b"}'),
    ]),
    'FOLDER/a.jsonl:2 has the byte 0xC4, which is not UTF-8; if the file is in GB18030, convert it with: iconv -f GB18030 -t UTF-8 FOLDER/a.jsonl > FOLDER/a.jsonl.utf8',
  ),
  data(
    'UTF-16',
    'a.json',
    Buffer.from('\ufeff[{"text":"a","response":"b"}]', 'utf16le'),
    'FOLDER/a.json is in UTF-16LE, not UTF-8; convert it with: iconv -f UTF-16 -t UTF-8 FOLDER/a.json > FOLDER/a.json.utf8',
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
    says: 'ROOT/movie_lines.txt does not exist; check the path',
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
