// Reads chats of Facebook Messenger and Instagram: message_1.json, message_2.json, ... of a thread, and the flat files of
// end-to-end encrypted chats. The older files write each byte of UTF-8 as one character, which is undone text by text.

import { type Fields, isRecord } from '../../objects.js';
import type { ChatMessage, MessageKind } from '../chat/message.js';
import type { RecordPlace, SingleRecordReader } from '../reader.js';
import { timeOf } from './chat-time.js';

const fields: ReadonlySet<string> = new Set([
  ...[
    'participants',
    'messages',
    'title',
    'thread_path',
    'threadname',
    'is_still_participant',
    'magic_words',
  ],
  ...['image', 'joinable_mode', 'thread_type'],
]);

/** What the apps write in place of a message. */
const notices: readonly RegExp[] = [
  /^(?:.{1,80} sent an attachment|You sent an attachment|Liked a message)\.?$/,
  /^Reacted .{1,20} to your message ?$/u,
  /^(?:You are now connected on Messenger|Say hi to your new Facebook friend)/,
  /^.{1,80} (?:created a poll|voted for|started a (?:video )?call|joined the (?:video )?call|missed your (?:video )?call)/,
  /^This poll is no longer available\.?$/,
];

export const messenger: SingleRecordReader = {
  format: 'messenger',
  about: 'message_1.json of Facebook Messenger or Instagram',
  example: {
    'message_1.json': `{"participants": [{"name": "Ann"}, {"name": "Zo\\u00c3\\u00ab"}], "messages": [
  {"sender_name": "Zo\\u00c3\\u00ab", "timestamp_ms": 1715505442000, "content": "Yes"},
  {"sender_name": "Ann", "timestamp_ms": 1715505382000, "content": "Are you up?"}
], "thread_path": "inbox/ann_1"}
`,
  },
  expects: 'participants and messages',
  fields: () => fields,
  matches: ({ participants, messages }) =>
    Array.isArray(participants) &&
    Array.isArray(messages) &&
    messages.every((message) => isRecord(message) && ('sender_name' in message || 'senderName' in message)),
  *read(record, place) {
    const chat = `messenger ${String(record.thread_path ?? record.threadname ?? place.path)}`;
    // The newest message comes first. dialogues.ts orders by time; equal times keep this order.
    for (const message of (record.messages as readonly Fields[]).toReversed())
      yield messageOf(message, chat, place);
  },
};

function messageOf(message: Fields, chat: string, { path, line }: RecordPlace): ChatMessage {
  const content = message.content ?? message.text;
  const text = typeof content === 'string' ? repaired(content) : '';
  const kind = kindOf(message, text);
  return {
    chat,
    speaker: repaired(String(message.sender_name ?? message.senderName ?? '')),
    time: timeOf(message.timestamp_ms ?? message.timestamp),
    kind,
    text: kind === 'text' ? text : '',
    line,
    file: path,
  };
}

function kindOf(message: Fields, text: string): MessageKind {
  const type = String(message.type ?? '').toLowerCase();
  if (message.is_unsent === true || message.isUnsent === true || type === 'call' || type === 'unsubscribe')
    return 'aside';
  if (message.call_duration !== undefined || message.sticker !== undefined) return 'aside';
  if (notices.some((notice) => notice.test(text))) return text.includes('attachment') ? 'cut' : 'aside';
  return text.trim() === '' || type === 'share' ? 'cut' : 'text';
}

/** The text whose UTF-8 bytes `text` shows as characters, or `text` itself if it shows none. */
export function repaired(text: string): string {
  if (!/[\x80-\xff]/.test(text) || /[^\0-\xff]/.test(text)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
