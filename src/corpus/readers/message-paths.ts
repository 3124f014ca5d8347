// Makes conversations of a tree of messages, in which a message can have several replies. Knows nothing of formats.

import type { ReaderOptions } from '../reader.js';

/** A conversation is never longer than this. */
const deepest = 1000;
/** Where a conversation shares its beginning with an earlier one, at most this many messages of it are repeated. */
const longestContext = 50;

export interface MessagePath<Message> {
  readonly messages: readonly Message[];
  /** How many messages at the beginning are in an earlier path too. They are context, so that each reply is learned once. */
  readonly repeated: number;
}

/**
 * @param repliesOf the replies to a message, the best one first. No message is below itself.
 * @param branches `best`: one path, along the first replies. `all`: a path to each message without replies.
 */
export function* messagePaths<Message>(
  root: Message,
  repliesOf: (message: Message) => readonly Message[],
  branches: ReaderOptions['branches'],
): Generator<MessagePath<Message>> {
  const path: Message[] = [];
  let repeated = 0;
  const open: { readonly message: Message; readonly depth: number }[] = [{ message: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { message, depth } = next;
    path.length = depth;
    repeated = Math.min(repeated, depth);
    path.push(message);
    const replies = depth + 1 < deepest ? repliesOf(message) : [];
    const followed = branches === 'best' ? replies.slice(0, 1) : replies;
    if (followed.length === 0) {
      const start = Math.max(0, repeated - longestContext);
      yield { messages: path.slice(start), repeated: repeated - start };
      repeated = path.length;
    }
    for (const reply of followed.toReversed()) open.push({ message: reply, depth: depth + 1 });
  }
}
