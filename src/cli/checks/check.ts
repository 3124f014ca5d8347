// One line of `chatbot-train doctor`.

export interface Check {
  readonly name: string;
  /** `missing` keeps every training from running; `absent` is something that a run can do without. */
  readonly state: 'ok' | 'missing' | 'absent';
  readonly detail: string;
  /** The command that mends it. */
  readonly cure?: string;
}
