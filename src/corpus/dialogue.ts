// A conversation as the whole product knows it, whatever file it came from.

export interface Turn {
  readonly text: string;
  /** False: context only, never a target of the loss. */
  readonly supervised: boolean;
  /** Instructions that stand before a conversation: context only, and not counted as its first turn. */
  readonly system?: true;
}

export interface Dialogue {
  readonly turns: readonly Turn[];
  /** Where it came from, for messages to people: `chats.jsonl:12`. */
  readonly source: string;
}
