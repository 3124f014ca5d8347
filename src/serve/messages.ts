// Messages with roles, as OpenAI's and Ollama's APIs have them, as the turns of a conversation. Messages of one side that follow
// each other are one turn. Models of conversations know no system message, so those are left out.

import { tidyText } from '../corpus/tidy-text.js';
import { FieldRefused } from './http-error.js';

export interface RoleMessage {
  readonly role: string;
  readonly content: string;
}

export interface Turns {
  /** The user's and the bot's by turns; the last is the user's, and is answered. */
  readonly turns: readonly string[];
  /** Whether there were system messages. */
  readonly hadSystem: boolean;
}

/** Turns that the bot reads. */
const mostTurns = 40;

/** @param maxText the most characters of the message that is answered. @throws FieldRefused. */
export function turnsOf(messages: readonly RoleMessage[], maxText: number): Turns {
  const turns: { readonly speaker: 'user' | 'bot'; readonly text: string }[] = [];
  let hadSystem = false;
  for (const { role, content } of messages) {
    if (role === 'system' || role === 'developer') {
      hadSystem = true;
      continue;
    }
    const speaker = role === 'user' ? 'user' : 'bot';
    const text = tidyText(content);
    if (text === '') continue;
    const last = turns.at(-1);
    if (last?.speaker === speaker) turns.splice(-1, 1, { speaker, text: `${last.text}\n${text}` });
    else turns.push({ speaker, text });
  }
  const last = turns.at(-1);
  if (last?.speaker !== 'user')
    throw new FieldRefused('messages', 'the last of the messages must be one of the user that is not empty');
  if (last.text.length > maxText)
    throw new FieldRefused(
      'messages',
      `the message has ${last.text.length} characters, but at most ${maxText} are taken; shorten it`,
    );
  return { turns: turns.slice(-mostTurns).map(({ text }) => text), hadSystem };
}
