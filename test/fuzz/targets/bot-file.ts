// A fuzz target for bot files: what can be read is validated, and compared with messages.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMessage } from '../../../src/bots/rules/message.js';
import { readBotFile } from '../../../src/bots/rules/read-bot-file.js';
import { exampleMoment } from '../../../src/bots/rules/skills/skill.js';
import { TriggerIndex } from '../../../src/bots/rules/trigger-index.js';
import { validateBotFile } from '../../../src/bots/rules/validate.js';
import { repositoryRoot } from '../../repository.js';
import { mutateText } from '../mutate-text.js';
import { fileOf, type Target, withFiles } from '../target.js';

const name = 'bot.yaml';
const words = [
  ...[
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    '|',
    '*',
    '\\',
    '"',
    "'",
    '{number}',
    '{x:text}',
    '{_:date}',
    '{{',
    '&a ',
    '*a',
  ],
  ...[
    '\n',
    ': ',
    '- ',
    '  ',
    'regex: ',
    'pattern: ',
    'if: not name',
    '(?<a>',
    '(a*)*',
    '{1000}',
    '!!js ',
    '\u202e',
  ],
];
const messages = ['hello', 'my order 12345', 'a a a a a a b', '我的订单三百', 'x'.repeat(500)];

export const botFile: Target = {
  about: 'a bot file with rules and forms',
  seeds: [
    readFileSync(join(repositoryRoot, 'configs/bot.example.yaml'), 'utf8').slice(0, 4000),
    'rules:\n  a:\n    regex: "^(?<n>\\\\d+) (a|b)*$"\n    if: [name, plan is gold]\n    answer: {en: "{n} {name}", zh: ["{n}", x]}\nfacts: [plan]\n',
    'forms:\n  f:\n    pattern: "order [{number}]"\n    slots:\n      number: {regex: "[0-9]{5}", ask: Which?, hint: Five}\n    answer: "{number}"\n',
  ].map((text) => new Map([[name, Buffer.from(text)]])),
  mutate: (seed, dice, other) =>
    withFiles(seed, {
      [name]: mutateText(fileOf(seed, name).toString(), dice, words, fileOf(other, name).toString()),
    }),
  read: (folder) => {
    const file = readBotFile(join(folder, name));
    const index = new TriggerIndex(file.triggers);
    for (const text of messages) {
      const message = readMessage(text);
      if (message) for (const _ of index.matches(message, exampleMoment, { steps: 1_000_000_000 }));
    }
    return validateBotFile(file);
  },
};
