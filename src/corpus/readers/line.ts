// Reads chats that LINE saves as text: a heading, a line per day, and `15:04<TAB>Ann<TAB>text`. A text of several lines is in
// quotes, or goes on without them. iPhones write blanks instead of tabs; line-names.ts then says where a name ends.

import { exportedMessage, hourOf, utc } from '../chat/exported-text.js';
import type { ChatMessage } from '../chat/message.js';
import type { TextReader } from '../reader.js';
import { linesOf, type TextFile } from '../text-file.js';
import { nameInHeading, SpokenNames } from './line-names.js';

const heading = /^\ufeff?\[LINE\] ?\S/;
const day = /^(?:\p{L}{2,9}\.?, )?(\d{4})[./年-] ?(\d{1,2})[./月-] ?(\d{1,2})\.?日?(?:[\s(（].{0,20})?$/u;
/** The American order: `Mon, 01/15/2024`. */
const americanDay = /^\p{L}{2,9}\.?, (\d{1,2})\/(\d{1,2})\/(\d{4})$/u;
const said =
  /^(?:(上午|下午|午前|午後|오전|오후) ?)?(\d{1,2}):(\d{2}) ?([AaPp]\.?[Mm]\.?)?(?:\t(?:([^\t]*)\t)?| )(.*)$/su;

const pictures = new Set(
  'photo|video|voice message|audio|file|album|location|contact|link|note|写真|動画|ボイスメッセージ|ファイル|アルバム|位置情報|連絡先|ノート|照片|圖片|图片|影片|視訊|视频|語音訊息|语音讯息|檔案|文件|相簿|位置訊息|聯絡資訊|記事本|사진|동영상|음성메시지|파일|앨범|위치'.split(
    '|',
  ),
);
/** What LINE itself says. With blanks instead of tabs, nothing else tells it from a message. */
const notice =
  / (?:joined the (?:group|chat)|left the (?:group|chat)|created the group|changed the group|unsent a message|was removed from|(?:invited|added|removed) .{1,100} (?:to|from) the (?:group|chat))|がグループに参加しました|がグループを退会しました|が退出しました|がメッセージの送信を取り消しました|をグループに招待しました|加入(?:了)?群[組组聊]|已?(?:退出|離開|离开)群[組组聊]|已?收回(?:了)?訊息|已?收回(?:了)?消息/u;
/** A longer text ends where it is. */
const longestText = 100_000;
const stickers = new Set('sticker|emoji|スタンプ|絵文字|貼圖|贴图|스티커|이모티콘'.split('|'));

export const line: TextReader = {
  format: 'line',
  about: 'chats that LINE saves as text',
  example: {
    'line.txt':
      '[LINE] Chat history with Ann\nSaved on: 2024/01/16 10:00\n\n2024/01/15(Mon)\n15:04\tAnn\tSoup?\n15:05\tBen\t"Yes,\nplease."\n15:06\tAnn\t[Sticker]\n',
  },
  recognizes: ({ text }) => (heading.test(text) ? 'sure' : 'no'),
  *read(file) {
    const names = namesIn(file);
    let date: readonly [number, number, number] | undefined;
    let open: { readonly message: ChatMessage; text: string } | undefined;
    let before = 0;
    for (const { text: whole, number } of linesOf(file)) {
      const text = whole.replace(/\r$/, '');
      // A text in quotes goes on until they end.
      if (open && isOpen(open.text)) {
        open.text += '\n'.repeat(Math.min(3, number - before)) + text;
        before = number;
        continue;
      }
      before = number;
      const newDay = dayOf(text);
      const match = newDay ? null : date && said.exec(text);
      if (!newDay && !match) {
        if (open && open.text.length < longestText) open.text += `\n${text}`;
        else if (date) yield { rejected: 'a line without a time', line: number };
        continue;
      }
      if (open) yield finished(open);
      open = undefined;
      if (newDay) date = newDay;
      else if (match && date) open = started(match, { date, names, line: number, file: file.path });
    }
    if (open) yield finished(open);
  },
};

function dayOf(text: string): readonly [number, number, number] | undefined {
  const found = day.exec(text);
  if (found) return [Number(found[1]), Number(found[2]), Number(found[3])];
  const american = americanDay.exec(text);
  return american ? [Number(american[3]), Number(american[1]), Number(american[2])] : undefined;
}

/** Whoever speaks in a file that has blanks instead of tabs. */
function namesIn(file: TextFile): SpokenNames {
  let names: SpokenNames | undefined;
  for (const { text } of linesOf(file)) {
    names ??= new SpokenNames(nameInHeading(text.replace(/^\ufeff/, '')));
    const match = said.exec(text.replace(/\r$/, ''));
    if (match && !isTabbed(match)) names.add(match[6] ?? '');
  }
  return names ?? new SpokenNames(undefined);
}

function isTabbed(match: RegExpExecArray): boolean {
  return /\d\t|[Mm]\.?\t/.test(match[0].slice(0, 20));
}

interface Place {
  readonly date: readonly [number, number, number];
  readonly names: SpokenNames;
  readonly line: number;
  readonly file: string;
}

function started(
  match: RegExpExecArray,
  { date: [year, month, date], names, line, file }: Place,
): { readonly message: ChatMessage; text: string } {
  const [, half, hour, minute, american, name = '', rest = ''] = match;
  const time = utc(year, month, date, hourOf(Number(hour), half ?? american), Number(minute));
  if (isTabbed(match)) {
    const kind = name === '' ? 'aside' : 'text';
    return { message: exportedMessage(file, line, { speaker: name, time, kind }), text: rest };
  }
  const speaker = notice.test(rest.slice(0, 300)) ? '' : names.nameOf(rest);
  const kind = speaker === '' ? 'aside' : 'text';
  return {
    message: exportedMessage(file, line, { speaker, time, kind }),
    text: rest.slice(speaker.length + 1),
  };
}

/** Whether a text begins with a quote that has not ended. */
function isOpen(text: string): boolean {
  return text.startsWith('"') && (text.length === 1 || !text.endsWith('"')) && text.length < longestText;
}

function finished({ message, text }: { readonly message: ChatMessage; readonly text: string }): ChatMessage {
  if (message.kind !== 'text') return message;
  const words = (text.startsWith('"') && text.includes('\n') ? text.slice(1).replace(/"$/, '') : text).trim();
  const placeholder = /^\[(.{1,30})\]$/u.exec(words)?.[1]?.toLowerCase() ?? '';
  if (pictures.has(placeholder) || /^https?:\/\/\S+$/.test(words)) return { ...message, kind: 'cut' };
  if (stickers.has(placeholder) || words === '' || words.startsWith('☎'))
    return { ...message, kind: 'aside' };
  return { ...message, text: words };
}
