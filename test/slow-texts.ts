// Run as a child: lets rules and recognizers read 100 kB of each text that makes a careless pattern slow, and says what it read.

import { conversationParts } from '../src/corpus/conversation-parts.js';
import { Tally } from '../src/corpus/tally.js';
import { dialogueRules, textRepairs } from '../src/prepare/rules.js';
import { findPersonal } from '../src/prepare/sensitive/find.js';
import { startRecognizer } from '../src/prepare/sensitive/recognizer.js';
import { recognizers } from '../src/prepare/sensitive/recognizers.js';

const characters = 100_000;
/** What is repeated. A text that ends otherwise than it began makes a pattern try again from everywhere. */
const pumps = [
  ' ',
  '\n',
  'a',
  'A ',
  '1',
  '1 ',
  '.',
  '-',
  'a.',
  'a@',
  '@',
  ':',
  '1:',
  '/',
  '&',
  '&#',
  '<',
  '<a',
  '[',
  '哈',
  '你好',
  'é',
  'Ã',
  '😀',
  'a:',
  '::',
  '> ',
  '+1',
  '(1',
];
const repeated = (pump: string) =>
  `${pump.repeat(Math.ceil(characters / pump.length)).slice(0, characters)}\u0000!`;

const defaults = (options: object) =>
  Object.fromEntries(Object.entries(options).map(([key, spec]) => [key, spec.default])) as never;
for (const { options, start } of textRepairs) {
  const repair = await start(defaults(options));
  for (const pump of pumps) repair(repeated(pump));
}
for (const { options, start } of dialogueRules) {
  const judge = await start({ ...(defaults(options) as object), maxTurnCharacters: 2 * characters } as never);
  for (const pump of pumps) {
    const turns = ['Hello', repeated(pump)].map((text) => ({ text, supervised: true }));
    for (const dialogue of conversationParts(turns, 'chats.jsonl:1', new Tally())) judge(dialogue);
  }
}
for (const recognizer of recognizers) {
  const started = await startRecognizer(recognizer, { phoneRegions: ['US', 'GB', 'DE', 'FR', 'CN'] });
  const found = recognizer.finds[0]?.[0] ?? '';
  const half = found.slice(0, Math.ceil(found.length / 2));
  for (const pump of [...pumps, found, half]) findPersonal(repeated(pump), [started]);
}
process.stdout.write(`read ${pumps.length} texts\n`);
