// `/good` and `/bad`: append the conversation up to the last reply, with its rating, as a line that `chatbot-train --data`
// reads. A reply that is rated twice has two lines; the later one counts.

import { dirname } from 'node:path';
import { UserError } from '../../errors.js';
import { makePrivateFolder } from '../../files/user-folders.js';
import type { Exchange } from '../../generate/conversation.js';
import type { Session } from './session.js';
import { addDialogue, type DialogueLine } from './transcript.js';

type Rating = NonNullable<DialogueLine['rating']>;

const rated = new WeakMap<Exchange, Rating>();

/** @throws UserError when there is no reply, or the file cannot be written. */
export async function rate(
  { conversation, feedbackFile, screen, partner }: Session,
  rating: Rating,
): Promise<void> {
  const last = conversation.exchanges.at(-1);
  if (last === undefined || (last.answer ?? '') === '')
    throw new UserError('nothing-said-yet', 'there is no reply to rate yet');
  if (rated.get(last) === rating) {
    screen.note(`already rated ${rating}`);
    return;
  }
  makePrivateFolder(dirname(feedbackFile));
  addDialogue(feedbackFile, { turns: conversation.turns, rating });
  rated.set(last, rating);
  await partner.bot?.vote(rating === 'good' ? 'up' : 'down');
  screen.note(`rated ${rating} in ${feedbackFile}`);
}
