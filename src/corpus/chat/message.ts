// A message of a chat in the form that every reader of chat exports yields. dialogues.ts makes dialogues of messages. It
// does not depend on the messenger. Readers yield every message, also those without text: each kind says what its
// absence means for the dialogue.

import type { Role } from '../dialogue.js';

/**
 * `text`: words that can be learned. `cut`: content that is left out but that others may answer (a picture, a voice
 * message, a link, a forwarded message, anything unknown); the dialogue ends there. `aside`: what nobody answers
 * (stickers, reactions, calls, system lines, recalled messages); it is left out without a trace.
 */
export type MessageKind = 'text' | 'cut' | 'aside';

export interface ChatMessage {
  /** Names the conversation. Messages of different chats never share a dialogue. */
  readonly chat: string;
  /** The name that people see. Empty if the export does not say it. */
  readonly speaker: string;
  /** Constant when the name changes, if the export has such an id. */
  readonly speakerId?: string;
  /** Milliseconds since 1970. A time without a zone counts as UTC. Null if the export does not give one. */
  readonly time: number | null;
  /** Without the marks of the messenger. Empty unless `kind` is text. */
  readonly text: string;
  readonly kind: MessageKind;
  /** Unique within the chat. Needed only if other messages reply to this one. */
  readonly id?: string;
  /** The id of the message that this one answers. */
  readonly replyTo?: string;
  /** Messages of one thread are one dialogue, whatever the pauses between them. Unique within the chat. */
  readonly thread?: string;
  readonly role?: Role;
  /** Where the message begins, from 1, for messages to people. */
  readonly line: number;
  readonly file: string;
}
