// A conversation in the form that every room uses. It does not depend on the format of the file it was read from.

/** `tool` is the answer of a tool. The call of a tool is not a turn. */
export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface Turn {
  readonly text: string;
  /** False: context only. The turn is never a target of the loss, even if `--loss-on` would select it. */
  readonly supervised: boolean;
  /** Absent if the file does not give a role. System and tool turns are never supervised. */
  readonly role?: Role;
  /** The speaker's name in the file, if it is not one of the roles. */
  readonly speaker?: string;
  /** An id of the speaker that stays the same when the name changes. */
  readonly speakerId?: string;
  /** When it was said, in milliseconds since 1970. */
  readonly time?: number;
  /** The id of the message that it answers, if the file says so. */
  readonly replyTo?: string;
}

/** What a dialogue was made from, and by what. Such dialogues are learned, but never evaluated on. */
export interface Augmented {
  /** The id of the dialogue, or the place of the template. */
  readonly from: string;
  /** The augmenter. */
  readonly by: string;
}

export interface Dialogue {
  readonly turns: readonly Turn[];
  /** The file and line of the dialogue, for messages: `chats.jsonl:12`. */
  readonly source: string;
  /** What the file says about the speakers, such as "your persona: i like tea." It is not part of the conversation. */
  readonly persona?: readonly string[];
  /** Which dialogue of a prepared corpus it is. */
  readonly prepared?: { readonly id: string; readonly augmented?: Augmented };
}
