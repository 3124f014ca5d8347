// Reads the JSON export of DiscordChatExporter. A channel can be in several files (`NAME [part 2].json`); its messages are
// put together by the id of the channel.

import { type Fields, isRecord } from '../../objects.js';
import type { ChatMessage, MessageKind } from '../chat/message.js';
import type { SingleRecordReader } from '../reader.js';
import { timeOf } from './chat-time.js';
import { elementsOf } from './json-document.js';

const fields: ReadonlySet<string> = new Set([
  ...['guild', 'channel', 'daterange', 'exportedat', 'messages', 'messagecount'],
]);

export const discord: SingleRecordReader = {
  format: 'discord',
  about: "DiscordChatExporter's JSON",
  example: {
    'channel.json': `{"guild": {"id": "0", "name": "g"}, "channel": {"id": "1", "type": "DirectTextChat"}, "messages": [
  {"id": "2", "type": "Default", "timestamp": "2024-01-01T00:00:00+00:00", "content": "hi", "author": {"id": "5", "name": "ann", "isBot": false}},
  {"id": "3", "type": "Reply", "timestamp": "2024-01-01T00:01:00+00:00", "content": "hello", "author": {"id": "6", "name": "ben", "isBot": false}, "reference": {"messageId": "2"}}
]}
`,
  },
  expects: 'guild, channel and messages',
  fields: () => fields,
  longLists: ['messages'],
  matches: ({ channel, messages }) => isRecord(channel) && Array.isArray(messages),
  *read({ channel, messages, messagecount: count }, { path, line, tally }) {
    const list = elementsOf(messages) ?? [];
    if (typeof count === 'number' && count > list.length) tally.count('cutShort');
    for (const message of list)
      if (isRecord(message)) yield messageOf(message, channel as Fields, { file: path, line });
  },
};

function messageOf(
  message: Fields,
  channel: Fields,
  place: { readonly file: string; readonly line: number },
): ChatMessage {
  const { id, content } = message;
  const author = isRecord(message.author) ? message.author : {};
  const replyTo = isRecord(message.reference) ? message.reference.messageId : undefined;
  const kind = kindOf(message, author);
  const speaker = [author.nickname, author.name].find((name) => typeof name === 'string' && name !== '');
  return {
    chat: `discord ${String(channel.id ?? channel.name)}`,
    speaker: String(speaker ?? ''),
    ...(typeof author.id === 'string' && { speakerId: author.id }),
    time: timeOf(message.timestamp),
    kind,
    text: kind === 'text' && typeof content === 'string' ? tidied(content) : '',
    ...(typeof id === 'string' && { id }),
    ...(typeof replyTo === 'string' && message.type === 'Reply' && { replyTo }),
    ...place,
  };
}

/** Bots are left out with their answers' questions kept. Other types are announcements whose content Discord wrote. */
function kindOf({ type, content, forwardedMessage }: Fields, author: Fields): MessageKind {
  if ((type !== 'Default' && type !== 'Reply') || author.isBot === true) return 'aside';
  if (isRecord(forwardedMessage)) return 'cut';
  return typeof content === 'string' && tidied(content).trim() !== '' ? 'text' : 'cut';
}

/** Custom emoji keep their name. Mentions that were exported as numbers are no words. */
function tidied(content: string): string {
  return content
    .replace(/<a?(:\w{1,64}:)\d{1,25}>/g, '$1')
    .replace(/<[@#][!&]?\d{1,25}>/g, '')
    .trim();
}
