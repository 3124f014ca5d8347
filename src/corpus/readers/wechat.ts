// Reads chats that tools export from WeChat: MemoTrace's and WeClone's tables with a row per message, and WeFlow's and
// echotrace's JSON with a chat per file. Replies to a message have no text in MemoTrace's tables, so they end a dialogue like
// pictures.

import { type Fields, isRecord } from '../../objects.js';
import { exportedMessage, utc } from '../chat/exported-text.js';
import type { ChatMessage, MessageKind } from '../chat/message.js';
import type { SingleRecordReader } from '../reader.js';
import { elementsOf } from './json-document.js';
import { inLowerCase, textOf } from './record.js';

const memoTrace =
  'localid talkerid type subtype issender createtime status strcontent strtime remark nickname sender'.split(
    ' ',
  );
const weClone = 'id msgsvrid type_name is_sender talker room_name msg src createtime'.split(' ');

/** Nobody answers a sticker, a notice or a recalled message. */
const asides: ReadonlySet<string> = new Set(
  '47 10000 10002 50 表情 动画表情 系统消息 系统通知 撤回 撤回消息 拍一拍 红包 转账 语音通话 视频通话'.split(
    ' ',
  ),
);
const texts: ReadonlySet<string> = new Set(['1', '文本', '文本消息', '引用', '引用消息']);
/** What a reply repeats of the message that it answers. */
const quoted = /^\[引用[^\]\n]{0,300}\]\s*|\s{0,100}\[引用[^\]\n]{0,300}\]$/gu;

export const wechat: SingleRecordReader = {
  format: 'wechat',
  about: 'rows of WeChat messages, as MemoTrace and WeClone export them',
  expects: 'StrContent, Type, IsSender and CreateTime',
  example: {
    'wechat.jsonl':
      '{"localId": 1, "Type": 1, "IsSender": 0, "CreateTime": 1714978800, "StrContent": "在吗？", "NickName": "小明", "Sender": "wxid_1"}\n{"localId": 2, "Type": 1, "IsSender": 1, "CreateTime": 1714978860, "StrContent": "在的", "NickName": "小红", "Sender": "wxid_2"}\n',
  },
  matches: (record) =>
    ['strcontent', 'type', 'issender'].every((field) => Object.hasOwn(record, field)) ||
    ['msg', 'type_name', 'is_sender', 'talker'].every((field) => Object.hasOwn(record, field)),
  fields: () => new Set([...memoTrace, ...weClone]),
  *read(record, { path, line }) {
    const said = record.strcontent ?? record.msg;
    const type = String(record.type ?? record.type_name).trim();
    const text = (textOf(said, 'the text') ?? '').trim();
    const isOwn = ['1', 'true'].includes(String(record.issender ?? record.is_sender).toLowerCase());
    const talker =
      wordOf(record.talkerid) ?? wordOf(record.room_name) ?? (isOwn ? undefined : wordOf(record.talker));
    const id = wordOf(record.sender) ?? (isOwn ? undefined : wordOf(record.talker));
    yield exportedMessage(path, line, {
      // Own messages of WeClone name their sender as the talker. A table holds one chat unless it says otherwise.
      chat:
        record.talkerid === undefined && wordOf(record.room_name) === undefined
          ? path
          : `${path} ${talker ?? ''}`,
      speaker: wordOf(record.remark) ?? wordOf(record.nickname) ?? (isOwn ? 'Me' : (id ?? '')),
      ...(id !== undefined && { speakerId: id }),
      time: timeOf(record),
      kind: kindOf(type, text),
      text,
    });
  },
};

export const wechatChat: SingleRecordReader = {
  format: 'wechat-chat',
  about: 'a WeChat chat as JSON, as WeFlow and echotrace export it',
  expects: 'session and messages',
  example: {
    'chat.json': `{"session": {"wxid": "wxid_1", "nickname": "小明", "type": "私聊"}, "messages": [
  {"localId": 1, "createTime": 1714978800, "type": "文本消息", "content": "在吗？", "isSend": 0, "senderUsername": "wxid_1", "senderDisplayName": "小明"},
  {"localId": 2, "createTime": 1714978860, "type": "文本消息", "content": "在的", "isSend": 1, "senderUsername": "wxid_2", "senderDisplayName": "小红"}
]}
`,
  },
  fields: () => new Set(['session', 'messages']),
  longLists: ['messages'],
  matches({ session, messages }) {
    if (!isRecord(session) || !Array.isArray(messages)) return false;
    const [first] = messages;
    return messages.length === 0 || (isRecord(first) && 'isSend' in first);
  },
  *read({ session, messages }, { path, line }) {
    const { wxid = path } = isRecord(session) ? inLowerCase(session) : {};
    for (const message of elementsOf(messages) ?? [])
      if (isRecord(message)) yield chatMessage(inLowerCase(message), `wechat ${String(wxid)}`, path, line);
  },
};

function chatMessage(message: Fields, chat: string, path: string, line: number): ChatMessage {
  const text = (typeof message.content === 'string' ? message.content : '').replace(quoted, '').trim();
  const id = wordOf(message.senderusername);
  const isOwn = Number(message.issend) === 1;
  // Nobody sent what WeChat itself says.
  const isNotice = message.issend === null || message.issend === undefined;
  return exportedMessage(path, line, {
    chat,
    speaker: wordOf(message.senderdisplayname) ?? (isOwn ? 'Me' : (id ?? '')),
    ...(id !== undefined && { speakerId: id }),
    time: timeOf(message),
    kind: isNotice ? 'aside' : kindOf(String(message.type).trim(), text),
    text,
  });
}

function wordOf(value: unknown): string | undefined {
  const word = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return word === '' ? undefined : word;
}

function kindOf(type: string, text: string): MessageKind {
  if (asides.has(type)) return 'aside';
  return texts.has(type) && text !== '' && !/^https?:\/\/\S+$/.test(text) ? 'text' : 'cut';
}

/** Seconds since 1970, or `2024/10/4 11:43` with or without seconds. */
function timeOf({ createtime, strtime }: Fields): number | null {
  const given = wordOf(createtime) ?? wordOf(strtime) ?? '';
  if (/^\d{9,11}$/.test(given)) return 1000 * Number(given);
  const match = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2}) (\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(given);
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match.slice(1, 6).map(Number);
  return utc(year, month, day, hour, minute, Number(match[6] ?? 0));
}
