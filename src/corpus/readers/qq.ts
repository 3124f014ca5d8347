// Reads chats that QQ exports as text: `2024-05-06 15:04:05 Ann(12345)`, and the text on the following lines. A file can hold
// several chats, each after a heading that names it.

import { exportedMessage, utc, withBlankLines } from '../chat/exported-text.js';
import type { ChatMessage } from '../chat/message.js';
import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';

const head =
  /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d\d):(\d\d) (.{0,200}?)(?:\((\d{4,12})\)|<([^<>\s]{3,100})>)?$/u;
const heading = /^消息(?:记录|分组|对象)/;
const rule = /^={10,}$/;
const placeholder = /\[(?:图片|表情|动画表情|语音|视频|文件|闪照|QQ红包|分享)\]/g;
/** QQ itself, which says who joined and who recalled a message. */
const system = '10000';

export const qq: TextReader = {
  format: 'qq',
  about: 'chats that QQ exports as text',
  example: {
    'qq.txt':
      '消息记录（此消息记录为文本格式，不支持重新导入）\n\n================================================================\n消息分组:我的好友\n================================================================\n消息对象:小明\n================================================================\n\n2024-05-06 15:04:05 小明(12345)\n在吗？\n\n2024-05-06 15:04:30 小红(67890)\n在的\n',
  },
  recognizes: ({ text }) => (/^\ufeff?\s*消息(?:记录|分组)/.test(text) ? 'sure' : 'no'),
  *read(file) {
    let chat = file.path;
    let open:
      | { readonly match: RegExpExecArray; readonly line: number; readonly lines: string[] }
      | undefined;
    for (const { text, number } of withBlankLines(linesOf(file))) {
      const match = head.exec(text);
      const isHeading = heading.test(text) || rule.test(text);
      if (match || isHeading) {
        if (open) yield messageOf(open.match, open.lines, { chat, line: open.line, file: file.path });
        open = match ? { match, line: number, lines: [] } : undefined;
      } else if (open) open.lines.push(text);
      if (text.startsWith('消息对象:')) chat = `${file.path} ${text.slice('消息对象:'.length).trim()}`;
    }
    if (open) yield messageOf(open.match, open.lines, { chat, line: open.line, file: file.path });
  },
};

function messageOf(
  match: RegExpExecArray,
  lines: readonly string[],
  { chat, line, file }: { readonly chat: string; readonly line: number; readonly file: string },
): ChatMessage {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const id = match[8] ?? match[9];
  const whole = lines.join('\n').trim();
  const text = whole.replace(placeholder, '').trim();
  const isAside =
    id === system || whole === '' || whole.replaceAll(/\[(?:表情|动画表情)\]/g, '').trim() === '';
  const isCut = text === '' || /^https?:\/\/\S+$/.test(text);
  return exportedMessage(file, line, {
    chat,
    speaker: (match[7] ?? '').trim() || (id ?? ''),
    ...(id !== undefined && { speakerId: id }),
    time: utc(year, month, day, hour, minute, second),
    kind: isAside ? 'aside' : isCut ? 'cut' : 'text',
    text,
  });
}
