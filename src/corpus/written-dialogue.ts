// Writes a dialogue as a record of the format messages, so that reading the record gives the same turns, the same speakers and
// the same learned turns.

import type { Augmented, Dialogue, Turn } from './dialogue.js';

/** One line of JSON lines, without the line feed. */
export function dialogueRecord(dialogue: Dialogue): string {
  const { prepared } = dialogue;
  return JSON.stringify({
    ...(prepared && { id: prepared.id }),
    ...dialogueFields(dialogue),
    ...augmentedFields(prepared?.augmented),
  });
}

/** The fields of the record, except for those that say which dialogue of a prepared corpus it is. */
export function dialogueFields({ turns, source, persona }: Dialogue): object {
  return {
    messages: turns.map(messageOf),
    ...(persona !== undefined && { persona }),
    source,
  };
}

export function augmentedFields(augmented: Augmented | undefined): object {
  return augmented ? { augmented_from: augmented.from, augmented_by: augmented.by } : {};
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
