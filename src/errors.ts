// A UserError is an error that the user can fix: one sentence that says what is wrong, where, and what to do. Any other
// exception is a bug. Codes and exit codes are part of the public interface. docs/errors.md lists them, and a test keeps
// that page and this table equal.

import { withProperties } from './option-names.js';

export const ExitCode = {
  ok: 0,
  unexpected: 1,
  /** Wrong flags or configuration. */
  usage: 2,
  /** A corpus that cannot be read or used. */
  data: 3,
  /** A model folder, weights or tokenizer that cannot be used. */
  model: 4,
  /** A device that is missing, lacks a feature, or has too little memory or disk. */
  device: 5,
  /** The loss stayed NaN or infinite. */
  diverged: 6,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type Fault = 'usage' | 'data' | 'model' | 'device' | 'diverged';

/** Every error code and its category. A released code keeps its name and meaning. */
export const errorCodes = {
  'argument-unexpected': 'usage',
  'asked-too-often': 'usage',
  'bot-file-invalid': 'usage',
  'bot-not-named': 'usage',
  'cannot-save': 'device',
  'chat-command-invalid': 'usage',
  'checkpoint-damaged': 'model',
  'checkpoint-foreign': 'model',
  'command-line-invalid': 'usage',
  'command-unknown': 'usage',
  'config-invalid': 'usage',
  'config-unreadable': 'usage',
  'conversation-unknown': 'usage',
  'corpus-download-failed': 'data',
  'corpus-empty': 'data',
  'corpus-format-ambiguous': 'data',
  'corpus-format-unknown': 'data',
  'corpus-line-invalid': 'data',
  'corpus-not-appendable': 'data',
  'corpus-not-json': 'data',
  'corpus-not-prepared': 'usage',
  'corpus-not-text': 'data',
  'corpus-not-utf8': 'data',
  'corpus-not-yaml': 'data',
  'corpus-record-invalid': 'data',
  'corpus-too-small': 'data',
  'corpus-unknown': 'usage',
  'corpus-unreadable': 'data',
  'corpus-without-dialogues': 'data',
  'cpu-compiler-missing': 'device',
  'cpu-kernels-no-folder': 'device',
  'cpu-kernels-not-compiled': 'device',
  'cpu-kernels-not-loaded': 'device',
  'cpu-unsupported-system': 'device',
  'crawl-address-invalid': 'usage',
  'crawl-failed': 'data',
  'cuda-failure': 'device',
  'cuda-library-unusable': 'device',
  'cuda-no-such-card': 'device',
  'cuda-unavailable': 'device',
  'data-not-named': 'usage',
  'device-unknown': 'usage',
  'dialogue-unknown': 'usage',
  'disk-full': 'device',
  'download-damaged': 'model',
  'download-not-confirmed': 'usage',
  'embedder-failed': 'data',
  'embedder-unusable': 'usage',
  'field-unsupported': 'usage',
  'history-unreadable': 'data',
  'hub-offline': 'model',
  'hub-refused': 'model',
  'hub-settings-invalid': 'usage',
  'hub-unreachable': 'model',
  'input-unreadable': 'data',
  'message-too-long': 'usage',
  'metrics-unreadable': 'data',
  'model-config-invalid': 'model',
  'model-diverged': 'model',
  'model-failed': 'model',
  'model-incomplete': 'model',
  'model-index-invalid': 'model',
  'model-loading': 'model',
  'model-name-invalid': 'model',
  'model-not-found': 'model',
  'model-not-named': 'usage',
  'model-unsupported-by-device': 'device',
  'model-untrained': 'model',
  'model-wrong-direction': 'model',
  'nothing-said-yet': 'usage',
  'nothing-to-learn': 'data',
  'option-invalid': 'usage',
  'option-unknown': 'usage',
  'options-conflict': 'usage',
  'out-of-memory': 'device',
  'output-exists': 'usage',
  'output-folder-in-use': 'usage',
  'output-folder-locked': 'usage',
  'package-missing': 'usage',
  'port-unusable': 'device',
  'precision-unsupported': 'device',
  'prepared-corpus-damaged': 'data',
  'preset-unknown': 'model',
  'prompt-empty': 'usage',
  'queue-full': 'device',
  'queue-timeout': 'device',
  'reply-unknown': 'usage',
  'resume-mismatch': 'usage',
  'resume-not-found': 'usage',
  'reverse-not-given': 'usage',
  'source-unknown': 'usage',
  'speaker-unknown': 'usage',
  stopping: 'device',
  'store-address-invalid': 'usage',
  'store-damaged': 'data',
  'store-foreign': 'usage',
  'store-locked': 'usage',
  'store-newer': 'usage',
  'store-not-found': 'usage',
  'store-read-only': 'device',
  'store-refused': 'usage',
  'store-unreachable': 'device',
  'store-unreadable': 'device',
  'stories-invalid': 'usage',
  'templates-invalid': 'usage',
  'text-too-long': 'data',
  'tfjs-backend-unknown': 'device',
  'tfjs-unavailable': 'device',
  'time-zone-unknown': 'usage',
  'tokenizer-invalid': 'model',
  'tokenizer-missing': 'model',
  'tokenizer-unsupported': 'model',
  'too-many-bad-records': 'data',
  'training-diverged': 'diverged',
  'training-unfinished': 'model',
  'transcript-name-invalid': 'usage',
  'translator-failed': 'data',
  'translator-unusable': 'usage',
  'weights-invalid': 'model',
  'weights-mismatch': 'model',
} as const satisfies Record<string, Fault>;

export type ErrorCode = keyof typeof errorCodes;

export class UserError extends Error {
  override readonly name = 'UserError';

  /** The message with its options still marked (option-names.ts), for callers that spell options in another way. */
  readonly sentence: string;

  /** @param code stable, for programs. @param sentence for people: what, where, what to do. */
  constructor(
    readonly code: ErrorCode,
    sentence: string,
    options?: { cause?: unknown },
  ) {
    super(withProperties(sentence), options);
    this.sentence = sentence;
  }

  /** The category of the error, which decides the exit code. */
  get fault(): Fault {
    return errorCodes[this.code];
  }

  get exitCode(): number {
    return ExitCode[this.fault];
  }
}

/** The message of any thrown value, for use in another message. The options of a UserError stay marked. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof UserError) return thrown.sentence;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
