// One line of `chatbot-train doctor`.

export interface Check {
  readonly name: string;
  /** `missing` prevents every run; `absent` is optional. */
  readonly state: 'ok' | 'missing' | 'absent';
  readonly detail: string;
  /** The command that fixes it. */
  readonly cure?: string;
}
