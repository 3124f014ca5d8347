// Chat transcripts: { "messages": [{ "role": "user", "content": "..." }, ...] }, or "conversations" with the same, with
// ShareGPT's { "from": "human", "value": "..." }, or with plain strings. Who speaks does not matter, but for the system:
// its words are context that is never learnt.

import { UserError } from '../../errors.js';
import { type Fields, isRecord } from '../../objects.js';
import { oneLine } from '../../quote.js';
import type { Turn } from '../dialogue.js';
import { kindOf, listed, listOf, type RecordReader, textOf } from './record.js';

const systemRoles: readonly unknown[] = ['system', 'developer'];

export const messages: RecordReader = {
  format: 'messages',
  fields: ['messages', 'conversations'],
  alternatives: 'one',
  turns(record, where) {
    const field = Object.hasOwn(record, 'messages') ? 'messages' : 'conversations';
    return listOf(record[field], field, where).map((message, index) =>
      turnOf(message, `message ${index + 1}`, where),
    );
  },
};

function turnOf(message: unknown, what: string, where: string): Turn {
  if (typeof message === 'string') return { text: message, supervised: true };
  if (!isRecord(message)) throw wrongMessage(kindOf(message), what, where);
  for (const [speaker, content] of [
    ['role', 'content'],
    ['from', 'value'],
  ] as const)
    if (Object.hasOwn(message, speaker) && Object.hasOwn(message, content))
      return spoken(message[speaker], message[content], `the ${content} of ${what}`, where);
  throw wrongMessage(fieldsOf(message), what, where);
}

function spoken(speaker: unknown, content: unknown, what: string, where: string): Turn {
  // An assistant that only calls a tool says nothing.
  const text = content === null ? '' : textOf(content, what, where);
  return systemRoles.includes(speaker)
    ? { text, supervised: false, system: true }
    : { text, supervised: true };
}

function fieldsOf(message: Fields): string {
  return (
    listed(
      Object.keys(message)
        .slice(0, 6)
        .map((name) => oneLine(name, 40)),
      'and',
    ) || 'no field'
  );
}

function wrongMessage(found: string, what: string, where: string): UserError {
  return new UserError(
    'corpus-record-invalid',
    `${where}: expected role and content, or from and value, in ${what}, found ${found}`,
  );
}
