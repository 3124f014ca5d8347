// What the main thread and the thread of a model say to each other. Parsed values only. Reports come one for each pass of the
// model, so that their number does not grow with the replies.

import type { WeightPrecision } from '../../device/device.js';
import type { ErrorCode } from '../../errors.js';
import type { FinishReason } from '../../generate/reply.js';
import type { GenerationSettings } from '../../generate/settings.js';
import type { Queued } from './schedule.js';

/** How a model is opened in its thread. */
export interface Opening {
  /** A folder that the main thread has found. */
  readonly folder: string;
  /** How the person named the model. */
  readonly label: string;
  readonly device: string;
  readonly precision: WeightPrecision | 'auto';
  readonly threads: number | null;
  /** Null: what suits the device and its memory. */
  readonly slots: number | null;
}

export type Work =
  | {
      readonly kind: 'generate';
      readonly settings: GenerationSettings;
      /** Which of several replies to the same prompt and seed it is. */
      readonly candidate: number;
      readonly logLikelihoods: boolean;
    }
  /** `continuation`: the tokens whose likelihood is wanted; all but the last are the end of the prompt. */
  | { readonly kind: 'score'; readonly continuation: readonly number[] };

export interface JobOrder extends Queued {
  readonly work: Work;
}

export type Order =
  | { readonly kind: 'job'; readonly job: JobOrder }
  /** The job ends with what it has. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

/** What became of jobs in one turn. */
export interface Turn {
  readonly started: readonly { readonly id: number; readonly cached: number }[];
  readonly pieces: readonly { readonly id: number; readonly text: string; readonly tokens: number }[];
  readonly ended: readonly Ended[];
  readonly expired: readonly number[];
  /** Jobs that failed, for example because the model's output is not a number. */
  readonly failed: readonly { readonly id: number; readonly code: ErrorCode; readonly sentence: string }[];
  /** Slots that got a token, and prompt tokens that were read. */
  readonly written: number;
  readonly read: number;
}

export interface Ended {
  readonly id: number;
  readonly finishReason: FinishReason;
  /** Of the generated tokens, or of the continuation. */
  readonly logLikelihoods: readonly number[];
}

export type Report =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string }
  | {
      readonly kind: 'ready';
      readonly slots: number;
      readonly parameters: number;
      readonly description: string;
    }
  /** The model cannot be opened. `code` is null for what is not the person's fault. */
  | { readonly kind: 'failed'; readonly code: ErrorCode | null; readonly sentence: string }
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'closed' };
