// Reads a chat that a helpdesk keeps as the text of one message: `(10:03:11) Ann: Hello`. Lines without a time go on with the
// turn before. The customer is whoever has the name of the customer, or else whoever speaks first.

import type { RawTurn } from './record.js';

const said = /^\(\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?\) ([^:\n]{1,80}):(?: (.*))?$/;
/** `(10:03:00) *** Ann joined the chat ***` */
const notice = /^\(\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?\) \*{3} /;

/** @returns null unless the text is such a chat of two speakers or more. */
export function chatTranscript(text: string, customer?: string): readonly RawTurn[] | null {
  const turns: { readonly speaker: string; text: string }[] = [];
  for (const line of text.trim().split(/\r?\n/)) {
    const [, speaker, words = ''] = said.exec(line) ?? [];
    const last = turns.at(-1);
    if (notice.test(line)) continue;
    if (speaker !== undefined) turns.push({ speaker: speaker.trim(), text: words });
    else if (last) last.text += `\n${line}`;
    else if (line.trim() !== '') return null;
  }
  const speakers = new Set(turns.map(({ speaker }) => speaker));
  if (speakers.size < 2) return null;
  const asks = customer !== undefined && speakers.has(customer) ? customer : turns[0]?.speaker;
  return turns.map(({ speaker, text: words }) => ({
    text: words.trim(),
    supervised: true,
    role: speaker === asks ? 'user' : 'assistant',
    speaker,
  }));
}
