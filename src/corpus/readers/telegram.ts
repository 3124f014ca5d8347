// Reads the JSON export of Telegram Desktop: one chat, or all chats in `chats.list`. A long message arrives in parts that
// were sent within a second, which are joined.

import { type Fields, isRecord } from '../../objects.js';
import type { ChatMessage, MessageKind } from '../chat/message.js';
import type { RecordPlace, SingleRecordReader } from '../reader.js';
import { timeOf } from './chat-time.js';
import { elementsOf } from './json-document.js';
import { inLowerCase } from './record.js';

const chatFields: ReadonlySet<string> = new Set(['name', 'type', 'id', 'messages', 'about']);
const accountFields: ReadonlySet<string> = new Set(['about', 'personal_information', 'chats', 'left_chats']);

/** Telegram cuts messages at this length. */
const longestMessage = 4096;

export const telegram: SingleRecordReader = {
  format: 'telegram',
  about: "Telegram Desktop's export: result.json, of one chat or of all",
  example: {
    'result.json': `{"name": "Ben", "type": "personal_chat", "id": 1, "messages": [
  {"id": 1, "type": "message", "date_unixtime": "1715505382", "from": "Ann", "from_id": "user1", "text": "Are you up?"},
  {"id": 2, "type": "message", "date_unixtime": "1715505442", "from": "Ben", "from_id": "user2", "text": ["Yes ", {"type": "bold", "text": "sure"}]}
]}
`,
  },
  expects: 'messages with from and text',
  fields: (record) => (isTelegramChat(record) ? chatFields : accountFields),
  longLists: ['messages', 'chats.list[].messages', 'left_chats.list[].messages'],
  matches: (record) => isTelegramChat(record) || isAccount(record),
  *read(record, place) {
    if (isTelegramChat(record)) yield* messagesOf(record, place);
    else for (const chat of chatsOf(record)) yield* messagesOf(chat, place);
  },
};

/** Whether this is an export of the whole account. */
function isAccount(record: Fields): boolean {
  for (const chat of chatsOf(record)) return isTelegramChat(chat);
  return false;
}

/** The chats of an export of the whole account. */
function* chatsOf({ chats, left_chats: left }: Fields): Generator<Fields> {
  for (const part of [chats, left])
    for (const chat of elementsOf(isRecord(part) ? part.list : undefined) ?? [])
      if (isRecord(chat)) yield inLowerCase(chat);
}

function isTelegramChat({ type, messages }: Fields): boolean {
  return (
    typeof type === 'string' &&
    /_(?:chat|group|supergroup|channel)$|^saved_messages$/.test(type) &&
    elementsOf(messages) !== undefined
  );
}

function* messagesOf(chat: Fields, place: RecordPlace): Generator<ChatMessage> {
  let held: ChatMessage | undefined;
  for (const given of elementsOf(chat.messages) ?? []) {
    if (!isRecord(given)) continue;
    const message = messageOf(given, `telegram ${String(chat.id ?? chat.name)}`, place);
    if (held && isContinued(held, message)) {
      held = { ...held, text: held.text + message.text, time: message.time };
      continue;
    }
    if (held) yield held;
    held = message;
  }
  if (held) yield held;
}

function isContinued(before: ChatMessage, message: ChatMessage): boolean {
  const areTexts =
    before.kind === 'text' && message.kind === 'text' && before.speakerId === message.speakerId;
  const isSoon = before.time !== null && message.time !== null && message.time - before.time <= 1000;
  return areTexts && isSoon && before.text.length >= longestMessage - 64 && message.replyTo === undefined;
}

function messageOf(message: Fields, chat: string, { path, line }: RecordPlace): ChatMessage {
  const { id, reply_to_message_id: replyTo, from, from_id: fromId, actor } = message;
  const text = textOf(message.text);
  const name = typeof from === 'string' ? from : typeof actor === 'string' ? actor : '';
  return {
    chat,
    speaker: name === '' && fromId !== undefined ? 'Deleted Account' : name,
    ...(typeof fromId === 'string' && { speakerId: fromId }),
    time: timeOf(message.date_unixtime) ?? timeOf(message.date),
    kind: kindOf(message, text),
    text: kindOf(message, text) === 'text' ? text : '',
    ...(id !== undefined && { id: String(id) }),
    ...(replyTo !== undefined && replyTo !== null && { replyTo: String(replyTo) }),
    line,
    file: path,
  };
}

function kindOf(message: Fields, text: string): MessageKind {
  if (message.type !== 'message' || message.media_type === 'sticker') return 'aside';
  if (message.forwarded_from !== undefined || message.via_bot !== undefined) return 'cut';
  return text.trim() === '' ? 'cut' : 'text';
}

/** A text, or a list of texts and formatted parts. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return value.map((part) => (isRecord(part) ? textOf(part.text) : textOf(part))).join('');
}
