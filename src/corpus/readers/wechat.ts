// Reads rows of chats that tools export from WeChat: MemoTrace's and WeClone's tables, one row per message. Replies to a
// message have no text in MemoTrace's tables, so they end a dialogue like pictures.

import type { Fields } from '../../objects.js';
import { exportedMessage, utc } from '../chat/exported-text.js';
import type { MessageKind } from '../chat/message.js';
import type { SingleRecordReader } from '../reader.js';
import { textOf } from './record.js';

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
const texts: ReadonlySet<string> = new Set(['1', '文本', '文本消息']);

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
