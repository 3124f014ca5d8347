// A conversation as the whole product knows it, whatever file it came from.

/** `tool` is what a tool answered; its calls are no turns. */
export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface Turn {
  readonly text: string;
  /** False: context only, never a target of the loss, whatever `--loss-on` says. */
  readonly supervised: boolean;
  /** Absent where the file does not say it. System and tool turns are never supervised. */
  readonly role?: Role;
  /** The speaker's name in the file, where it is not one of the roles. */
  readonly speaker?: string;
}

export interface Dialogue {
  readonly turns: readonly Turn[];
  /** Where it came from, for messages to people: `chats.jsonl:12`. */
  readonly source: string;
}
