// What a person can mend is a UserError: one sentence that says what is wrong, where, and how to mend it.
// Everything else that is thrown is a defect of ours. Exit codes are part of the product's interface.

export const ExitCode = {
  ok: 0,
  unexpected: 1,
  /** Wrong flags or configuration. */
  usage: 2,
  /** A corpus that cannot be read or used. */
  data: 3,
  /** A model folder, weights or tokenizer that cannot be used. */
  model: 4,
  /** A device that is missing, cannot do what was asked, or has too little memory or disk. */
  device: 5,
  /** The loss stayed NaN or infinite. */
  diverged: 6,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type Fault = 'usage' | 'data' | 'model' | 'device' | 'diverged';

export class UserError extends Error {
  override readonly name = 'UserError';

  /** @param fault decides the exit code; @param message one sentence: what, where, how to mend it. */
  constructor(
    readonly fault: Fault,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  get exitCode(): number {
    return ExitCode[this.fault];
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
