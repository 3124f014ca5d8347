// Reads message trees of OpenAssistant: { "message_tree_id", "prompt": { "text", "role", "replies": [...] } }. One dialogue is
// read from each tree: at each step the best reply, which is the one with the lowest rank, or the first without ranks.

import { type Fields, isRecord } from '../../objects.js';
import type { RecordReader } from '../reader.js';
import { type RawTurn, textOf } from './record.js';

const fields: ReadonlySet<string> = new Set(['message_tree_id', 'tree_state', 'prompt']);

/** A dialogue is never this long. */
const deepest = 1000;
/** Above this probability, a message is spam. */
const spam = 0.5;

export const oasst: RecordReader = {
  format: 'oasst',
  about: 'message trees of OpenAssistant; the best reply at each step',
  example: {
    'trees.jsonl':
      '{"message_tree_id": "1", "prompt": {"text": "Hi!", "role": "prompter", "replies": [{"text": "Hello!", "role": "assistant", "rank": 0, "replies": []}]}}\n',
  },
  expects: 'message_tree_id and prompt',
  fields: () => fields,
  matches: ({ message_tree_id: id, prompt }) =>
    id !== undefined && isRecord(prompt) && Array.isArray(prompt.replies),
  read({ prompt }, { source, tally }) {
    const turns: RawTurn[] = [];
    let message: Fields | undefined = isUsable(prompt as Fields) ? (prompt as Fields) : undefined;
    while (message !== undefined && turns.length < deepest) {
      const role = message.role === 'assistant' ? 'assistant' : 'user';
      turns.push({ text: textOf(message.text, 'the text of a message'), supervised: true, role });
      const replies: readonly Fields[] = (Array.isArray(message.replies) ? message.replies : []).filter(
        isRecord,
      );
      const usable = replies.filter(isUsable);
      if (usable.length > 1) tally.count('otherReply', usable.length - 1);
      message = best(usable);
    }
    return turns.length === 0 ? [] : [{ turns, source }];
  },
};

function isUsable({ deleted, review_result: review, labels }: Fields): boolean {
  const label = isRecord(labels) ? labels.spam : undefined;
  const probability = isRecord(label) ? label.value : undefined;
  return deleted !== true && review !== false && !(typeof probability === 'number' && probability > spam);
}

function best(replies: readonly Fields[]): Fields | undefined {
  const rankOf = ({ rank }: Fields) => (typeof rank === 'number' ? rank : Number.POSITIVE_INFINITY);
  return replies.reduce<Fields | undefined>(
    (first, reply) => (first === undefined || rankOf(reply) < rankOf(first) ? reply : first),
    undefined,
  );
}
