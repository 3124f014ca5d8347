// What `/show`, `/candidates` and `/stats` show.

import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import type { Reply } from '../../generate/reply.js';
import { count, short } from '../format.js';
import type { Session } from './session.js';

export function showSettings({ settings, screen }: Session): void {
  screen.pairs(settings.lines);
}

export function showHistory({ conversation, screen }: Session): void {
  if (conversation.exchanges.length === 0) screen.note('the conversation is empty');
  for (const { message, answer } of conversation.exchanges) {
    screen.said(message);
    if (answer !== null) screen.piece(answer);
    screen.endReply();
  }
}

export function showModel({ chat, screen }: Session): void {
  const { model, device, precision } = chat;
  screen.pairs([
    ['model', model.label],
    ['parameters', count(model.parameters)],
    ['context', `${count(model.contextLength)} tokens`],
    ['memory', formatBytes(model.memoryBytes)],
    ['precision', precision],
    ['device', device],
  ]);
}

export function showCandidates({ conversation, screen }: Session): void {
  const { candidates } = lastReply(conversation.lastReply);
  if (candidates.length === 0) {
    screen.note('the last reply had no other candidates; /set candidates or /set num-beams asks for some');
    return;
  }
  screen.pairs(
    candidates.map(({ text, tokens, score }, index) => [
      `${index + 1}.  ${score.toFixed(3)}  ${tokens} ${tokens === 1 ? 'token' : 'tokens'}`,
      text,
    ]),
  );
}

export function showStatistics({ conversation, chat, screen }: Session): void {
  const { tokens, promptTokens, seconds, secondsToFirstToken, droppedTurns } = lastReply(
    conversation.lastReply,
  );
  const used = promptTokens + tokens;
  screen.pairs([
    ['reply', `${count(tokens)} tokens in ${short(seconds)} s`],
    ['speed', `${count(seconds > 0 ? tokens / seconds : 0)} tokens/s`],
    ['first token', `after ${short(secondsToFirstToken)} s`],
    ['context', `${count(used)} of ${count(chat.model.contextLength)} tokens`],
    ...(droppedTurns > 0 ? [['left out', `the oldest ${droppedTurns} turns`] as const] : []),
  ]);
}

function lastReply(reply: Reply | null): Reply {
  if (reply === null) throw new UserError('nothing-said-yet', 'there is no reply yet; send a message first');
  return reply;
}
