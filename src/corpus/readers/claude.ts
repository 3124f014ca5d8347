// Reads conversations.json of a Claude account.

import { type Fields, isRecord } from '../../objects.js';
import type { SingleRecordReader } from '../reader.js';
import { timeOf } from './chat-time.js';
import { has, type RawTurn, textOf } from './record.js';
import { speakerOf } from './roles.js';

const fields: ReadonlySet<string> = new Set([
  ...['uuid', 'name', 'summary', 'created_at', 'updated_at', 'account', 'chat_messages'],
]);

export const claude: SingleRecordReader = {
  format: 'claude',
  about: 'conversations.json of a Claude account',
  example: {
    'conversations.json': `[{"uuid": "u", "name": "n", "chat_messages": [
  {"uuid": "1", "sender": "human", "text": "Hi!", "created_at": "2024-01-01T00:00:00Z"},
  {"uuid": "2", "sender": "assistant", "text": "Hello!", "created_at": "2024-01-01T00:00:05Z"}
]}]
`,
  },
  expects: 'chat_messages',
  fields: () => fields,
  matches: ({ chat_messages: messages }) => Array.isArray(messages),
  read({ chat_messages: messages }, { source, tally }) {
    const said = (messages as readonly unknown[]).filter(isRecord);
    for (const field of ['attachments', 'files'])
      if (said.some((message) => has(message, field))) tally.unused(`message ${field}`);
    return [{ turns: said.map(turnOf), source }];
  },
};

function turnOf(message: Fields): RawTurn {
  const time = timeOf(message.created_at);
  return {
    text: wordsOf(message),
    supervised: true,
    ...speakerOf(message.sender),
    ...(time !== null && { time }),
  };
}

/** `content` has the text without the notes on tools that `text` of newer exports has. */
function wordsOf({ content, text }: Fields): string | null {
  const parts = Array.isArray(content) ? content.filter(isRecord) : [];
  const texts = parts.flatMap((part) =>
    part.type === 'text' && typeof part.text === 'string' ? part.text : [],
  );
  return texts.length > 0 ? texts.join('\n') : textOf(text, 'the text of a message');
}
