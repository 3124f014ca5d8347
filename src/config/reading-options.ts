// How conversations are read: the options that training and `chatbot-data` share.

import type { OptionSpec } from '../option-spec.js';

export const readingOptions = {
  format: {
    group: 'Reading conversations',
    type: 'text',
    value: 'name',
    default: 'auto',
    help: 'Format of the files, by its name in docs/data.md; auto detects it file by file.',
  },
  encoding: {
    group: 'Reading conversations',
    type: 'choice',
    choices: [
      ...['auto', 'utf-8', 'utf-16le', 'utf-16be', 'gb18030', 'big5', 'shift_jis', 'euc-jp', 'euc-kr'],
      ...['windows-1251', 'koi8-r', 'windows-1252'],
    ] as const,
    default: 'auto',
    help: 'Encoding of the files; auto is UTF-8, or the encoding that is recognized in a file that is not.',
  },
  learn: {
    group: 'Reading conversations',
    type: 'list',
    value: 'name',
    default: [],
    onePerFlag: true,
    help: 'Learn to speak as this speaker, by name or id; all others are context. May be given several times.',
  },
  alias: {
    group: 'Reading conversations',
    type: 'list',
    value: 'name=name',
    default: [],
    onePerFlag: true,
    help: 'Another name of a speaker, such as "Bob=Robert" if Bob is Robert. May be given several times.',
  },
  learnRole: {
    group: 'Reading conversations',
    type: 'text',
    value: 'role',
    default: null,
    unset: 'none',
    pattern: { source: 'assistant|user', words: 'assistant or user' },
    help: 'Learn to speak as everybody whom the data gives this role: assistant or user.',
  },
  sessionGap: {
    group: 'Reading conversations',
    type: 'text',
    value: 'time',
    default: 'auto',
    pattern: { source: 'auto|[1-9]\\d{0,4}[smhd]', words: 'auto, or a time such as 45s, 30m, 1h or 1d' },
    help: 'The pause that begins a new dialogue in a chat, such as 30m or 1h; auto finds the gap between short and long pauses.',
  },
  dateOrder: {
    group: 'Reading conversations',
    type: 'choice',
    choices: ['auto', 'dmy', 'mdy', 'ymd'],
    default: 'auto',
    help: 'The order of day, month and year in exported chats; auto finds it in the dates of each file.',
  },
  columns: {
    group: 'Reading conversations',
    type: 'list',
    value: 'meaning=name',
    default: [],
    onePerFlag: true,
    help: 'What the columns of tables mean, by name or number, such as question=Q,response=A; docs/data.md lists the meanings.',
  },
  branches: {
    group: 'Reading conversations',
    type: 'choice',
    choices: ['best', 'all'],
    default: 'best',
    help: 'What is read where a message has several replies (OpenAssistant, ChatGPT): the best or current one, or all, each learned once.',
  },
  maxBadRatio: {
    group: 'Reading conversations',
    type: 'number',
    value: 'share',
    default: 0.05,
    min: 0,
    max: 1,
    help: 'Stop with exit code 3 if more than this share of all records cannot be read; below it they are counted and left out.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;
