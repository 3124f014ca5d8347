// The replies that a model finds suspicious, as text for people and as JSON for programs.

import type { ListedReply, Suspicion } from '../../prepare/suspicious/suspicion.js';
import { oneLine } from '../../quote.js';
import { count } from '../format.js';

export function suspicionText({ model, replies, highest, lowest }: Suspicion): string {
  const title = `replies of ${count(replies)} that ${oneLine(model)} finds`;
  return `\n${title} least likely\n${table(highest)}\n${title} most likely\n${table(lowest)}`;
}

/** The score, the loss, and under the reply what it answers. */
function table(replies: readonly ListedReply[]): string {
  const rows = replies.map(({ score, loss, source, turn, before, text }) => {
    const numbers = `${score.toFixed(1).padStart(5)}  ${loss.toFixed(2).padStart(5)}`;
    const place = `${oneLine(source, 80)}, turn ${turn}`;
    return `${numbers}  ${oneLine(text, 120)}\n${' '.repeat(14)}after: ${oneLine(before, 100)} (${place})\n`;
  });
  return `score   loss  reply\n${rows.join('')}`;
}

export function suspicionJson({ model, replies, highest, lowest }: Suspicion): object {
  const listed = ({ source, turn, before, text, loss, score }: ListedReply) => ({
    source,
    turn,
    before,
    text,
    loss,
    score,
  });
  return { model, replies, highest: highest.map(listed), lowest: lowest.map(listed) };
}
