// Reads chats of signal-export: `[2019-05-29 15:04:00] Me: text`. Quotes, reactions and attachments are Markdown in the text.

import { exportedMessage, utc, withBlankLines } from '../chat/exported-text.js';
import type { ChatMessage } from '../chat/message.js';
import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';

/** Newer exports have seconds, older ones a comma. WhatsApp never has one of the two alone. */
const head =
  /^\[(\d{4})-(\d\d)-(\d\d)(?:, (\d\d):(\d\d)| (\d\d):(\d\d):(\d\d))\] ([^:\n]{1,100}):(?: (.*)|)$/;

export const signal: TextReader = {
  format: 'signal',
  about: 'chats of Signal as signal-export writes them',
  example: {
    'chat.md':
      '[2024-05-06 15:04:00] Ann: Soup?  \n[2024-05-06 15:04:30] Me: Yes, please.  \n(- Ann: 👍 -)\n',
  },
  recognizes: ({ text }) => (looksLikeSignal(text) ? 'sure' : 'no'),
  *read(file) {
    let open:
      | { readonly match: RegExpExecArray; readonly line: number; readonly lines: string[] }
      | undefined;
    for (const { text, number } of withBlankLines(linesOf(file))) {
      const match = head.exec(text);
      if (match) {
        if (open) yield messageOf(open.match, open.lines, open.line, file.path);
        open = { match, line: number, lines: [match[10] ?? ''] };
      } else if (open) open.lines.push(text);
      else yield { rejected: 'a line before the first message', line: number };
    }
    if (open) yield messageOf(open.match, open.lines, open.line, file.path);
  },
};

/** Whether the first line is the head of a message of signal-export. */
export function looksLikeSignal(text: string): boolean {
  return head.test((text.split('\n', 20).find((line) => line.trim() !== '') ?? '').replace(/\r$/, ''));
}

function messageOf(
  match: RegExpExecArray,
  lines: readonly string[],
  line: number,
  file: string,
): ChatMessage {
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  const [hour = 0, minute = 0, second = 0] = [match[4] ?? match[6], match[5] ?? match[7], match[8] ?? 0].map(
    Number,
  );
  const time = utc(year, month, day, hour, minute, second);
  const speaker = (match[9] ?? '').trim();
  const words = lines
    .filter((one) => !/^> ?/.test(one))
    .join('\n')
    .replace(/\(- [^\n]{1,200} -\)/g, '')
    .trim();
  const text = words
    .replace(/!?\[[^\]\n]{0,200}\]\(\.\/media\/[^)\n]{0,300}\)|\(attachment not exported\)/g, '')
    .trim();
  if (text !== '' && !isAside(text))
    return exportedMessage(file, line, { speaker, time, kind: 'text', text });
  return exportedMessage(file, line, { speaker, time, kind: text === words ? 'aside' : 'cut' });
}

function isAside(text: string): boolean {
  return /^\(\( .{1,40} \)\)$/u.test(text) || text === '(This message was deleted)';
}
