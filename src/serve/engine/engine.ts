// The contract of what generates replies for the service: a model in a thread of its own that reads and writes many
// conversations in one pass. It takes token ids and gives text. It knows nothing of HTTP, of bots, or of what is stored.

import type { FinishReason } from '../../generate/reply.js';
import type { GenerationSettings } from '../../generate/settings.js';
import type { GPT2Config } from '../../nn/gpt2-config.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';

/** One reply to generate. */
export interface Job {
  /** At least one token, and fewer than the context has. */
  readonly prompt: readonly number[];
  /** `numBeams` is 1. The reply depends on prompt and settings alone, never on what else runs. */
  readonly settings: GenerationSettings;
  /** Which of several replies to this prompt with these settings it is, from 0; each draws its own random numbers. Default: 0. */
  readonly candidate?: number;
  /** Jobs of one key wait behind each other; keys take turns. A user, an API key, or an address. */
  readonly fairness: string;
  /** Whether the log-likelihoods of the tokens are wanted. */
  readonly logLikelihoods: boolean;
}

/** A piece of a growing reply. */
export interface Piece {
  /** Whole characters; all pieces together are the text. Can be empty when only tokens are reported. */
  readonly text: string;
  /** The tokens since the last piece. */
  readonly tokens: number;
}

export interface Generated {
  readonly text: string;
  /** New tokens, without the end-of-text token. */
  readonly tokens: number;
  readonly promptTokens: number;
  /** How many of the prompt's tokens were still in the key-value cache. */
  readonly cachedTokens: number;
  /** `interrupted`: the signal aborted. A reply that ran out of time has `length`. */
  readonly finishReason: FinishReason;
  /** In nats: one number for each token and for the end-of-text token that ended it; empty unless asked for. */
  readonly logLikelihoods: readonly number[];
  readonly milliseconds: { readonly queued: number; readonly toFirstToken: number; readonly total: number };
}

/** `failed` and `stopped` are final. */
export type EngineState =
  | { readonly kind: 'loading'; readonly progress: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'stopped' };

/** What runs now. */
export interface EngineLoad {
  /** Jobs that wait for a slot. */
  readonly waiting: number;
  /** Slots that read or write. */
  readonly running: number;
  readonly slots: number;
  /** When the last pass of the model ended, as Date.now(); null before the first. */
  readonly lastPass: number | null;
}

/** What a model is known for once it is loaded. */
export interface EngineModel {
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
  readonly parameters: number;
  /** Device, precision and memory, for people. */
  readonly description: string;
}

export interface Engine {
  /** The folder or name that the model was opened by. */
  readonly label: string;
  readonly state: EngineState;
  readonly load: EngineLoad;
  /** Resolves when the model is loaded. @throws UserError when it cannot be. */
  ready(): Promise<EngineModel>;
  /**
   * Any number of calls may overlap. They wait in a bounded queue for a slot, and each gets the reply that it would get alone.
   * When the signal aborts, the slot is free before the next pass, and the reply so far is given.
   * @throws Refusal (queue-full) at once, (queue-timeout) when no slot was free in time, (model-loading) and (model-failed)
   *   before there is a model, (stopping) after `drain`. Nothing has been shown then.
   */
  generate(job: Job, show: (piece: Piece) => void, signal: AbortSignal): Promise<Generated>;
  /**
   * The mean log-likelihood, in nats, of `continuation` after `prompt`. Waits and throws as `generate`.
   * @param continuation at least one token; both together fit the context.
   */
  score(
    prompt: readonly number[],
    continuation: readonly number[],
    fairness: string,
    signal: AbortSignal,
  ): Promise<number>;
  /** Takes no new jobs. Resolves when all have ended, or are cut after that time. */
  drain(milliseconds: number): Promise<void>;
  /** Cuts what still runs and ends the thread. */
  close(): Promise<void>;
}
