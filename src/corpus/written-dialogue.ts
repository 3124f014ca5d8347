// Writes a dialogue as a record of the format messages, so that reading the record gives the same turns, the same speakers and
// the same learned turns.

import type { Dialogue, Turn } from './dialogue.js';

/** One line of JSON lines, without the line feed. */
export function dialogueRecord(dialogue: Dialogue): string {
  return JSON.stringify(dialogueFields(dialogue));
}

/** The fields of the record. */
export function dialogueFields({ turns, source, persona }: Dialogue): object {
  return {
    messages: turns.map(messageOf),
    ...(persona !== undefined && { persona }),
    source,
  };
}

function messageOf({ text, supervised, role, speaker, speakerId, time, replyTo }: Turn): object {
  const isContext = role === 'system' || role === 'tool';
  return {
    ...(role !== undefined && { role }),
    ...(speaker !== undefined && { name: speaker }),
    ...(speakerId !== undefined && { speaker_id: speakerId }),
    content: text,
    // System and tool turns are never learned, so they need no weight.
    ...(!supervised && !isContext && { weight: 0 }),
    ...(time !== undefined && { time: new Date(time).toISOString() }),
    ...(replyTo !== undefined && { reply_to: replyTo }),
  };
}
