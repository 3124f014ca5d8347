// A trained model to chat with, as an object: opened once, asked any number of times, closed. It prints nothing. The caller
// keeps the turns of the conversation.

import { type ChatOption, type ChatOptions, chatOptions } from '../config/chat-options.js';
import {
  candidateCount,
  generationSettings,
  loadChatOptions,
  refuseContradictions,
} from '../config/chat-settings.js';
import { completeOptions, type GivenOptions } from '../config/schema.js';
import { tidyText } from '../corpus/tidy-text.js';
import { UserError } from '../errors.js';
import type { Reply, ReplyWatcher } from '../generate/reply.js';
import { withProperties } from '../option-names.js';
import { givenOptions } from './given.js';
import { type OpenedChat, openChat } from './open-chat.js';

/** Options that each reply may set. */
const replyOptions = [
  ...(['greedy', 'temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'noRepeatNgramSize'] as const),
  ...(['seed', 'minNewTokens', 'maxNewTokens', 'stop', 'candidates', 'numBeams', 'lengthPenalty'] as const),
] as const satisfies readonly ChatOption[];

/** Options that are fixed when the model is opened. */
const openingOptions = ['device', 'precision', 'threads', 'mmi'] as const satisfies readonly ChatOption[];

type Chosen<Keys extends readonly ChatOption[]> = Partial<Pick<ChatOptions, Keys[number]>>;

/** Sampling, length and the best of several, as listed by `chatbot-chat --help`. */
export interface ReplyOptions extends Chosen<typeof replyOptions> {}

/** The device that computes, and defaults for the replies. */
export interface ChatModelOptions extends ReplyOptions, Chosen<typeof openingOptions> {
  /** Receives sentences for people, for example when kernels are compiled for the first time. */
  readonly onNote?: (text: string) => void;
  /** The bytes downloaded of a hub model; `total` is 0 when unknown. */
  readonly onDownload?: (file: string, done: number, total: number) => void;
}

/** The options of one reply. */
export interface ReplyCall extends ReplyOptions {
  /** When aborted, the reply ends after its current token with `finishReason` "interrupted". */
  readonly signal?: AbortSignal;
}

/** A model that is ready to chat. */
export interface ChatModel {
  /** The name with which the model was opened. */
  readonly name: string;
  /** A description of the device, for people. */
  readonly device: string;
  /** The number of parameters. */
  readonly parameters: number;
  /** The most tokens that a conversation and its reply may have together. */
  readonly contextLength: number;
  /**
   * The reply to a conversation. Overlapping calls are answered one after the other.
   * @param turns the user's and the model's turns alternately; the last one is answered. A string is a single turn.
   * @throws UserError when a turn is longer than the context, or an option cannot be used.
   */
  reply(turns: string | readonly string[], options?: ReplyCall): Promise<Reply>;
  /**
   * Yields the same reply piece by piece, in whole characters, while it is generated. The generator returns the `Reply`.
   * Leaving the loop ends the reply. When the best of several replies is chosen, there is one piece.
   */
  stream(turns: string | readonly string[], options?: ReplyCall): AsyncGenerator<string, Reply, undefined>;
  /** Frees the device's memory after the pending replies. Further calls do nothing. */
  close(): Promise<void>;
}

/**
 * Opens a model to chat with: a folder that `train` wrote, any Hugging Face GPT-2 folder, or a hub id.
 *
 * The `candidates` or `numBeams` given here decide how much memory is reserved; a reply cannot ask for more.
 *
 * @example
 * ```js
 * import { openChatModel } from 'chatbot-train';
 *
 * const chat = await openChatModel('results/mine', { temperature: 0.7 });
 * const turns = ['Hello!'];
 * for await (const piece of chat.stream(turns)) process.stdout.write(piece);
 * const { text } = await chat.reply(turns, { greedy: true });
 * await chat.close();
 * ```
 *
 * @throws UserError for a model or a device that cannot be used, and for options that contradict each other.
 */
export async function openChatModel(name: string, options: ChatModelOptions = {}): Promise<ChatModel> {
  const { onNote = () => {}, onDownload = () => {}, ...rest } = options;
  const allowed: readonly ChatOption[] = [...openingOptions, ...replyOptions];
  const given = givenOptions(chatOptions, (key) => allowed.includes(key), rest);
  const loaded = loadChatOptions(given);
  const note = (text: string) => onNote(withProperties(text));
  for (const text of loaded.notes) note(text);
  const watcher = { note, download: onDownload };
  const opened = await openChat({ ...loaded.options, model: name }, watcher);
  return new OpenChatModel(opened, given);
}

class OpenChatModel implements ChatModel {
  readonly #opened: OpenedChat;
  readonly #given: GivenOptions<ChatOption>;
  /** The newest reply or `close`. Each one waits for the one before it. */
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(opened: OpenedChat, given: GivenOptions<ChatOption>) {
    this.#opened = opened;
    this.#given = given;
  }

  get name(): string {
    return this.#opened.model.label;
  }

  get device(): string {
    return this.#opened.device;
  }

  get parameters(): number {
    return this.#opened.model.parameters;
  }

  get contextLength(): number {
    return this.#opened.model.contextLength;
  }

  reply(turns: string | readonly string[], options: ReplyCall = {}): Promise<Reply> {
    return this.#make(turns, options, { text: () => {}, shouldStop: () => false });
  }

  async *stream(
    turns: string | readonly string[],
    options: ReplyCall = {},
  ): AsyncGenerator<string, Reply, undefined> {
    const pieces: string[] = [];
    let left = false;
    let done = false;
    let wake = () => {};
    const text = (piece: string) => {
      pieces.push(piece);
      wake();
    };
    const reply = this.#make(turns, options, { text, shouldStop: () => left });
    const settled = reply.then(
      () => {},
      () => {},
    );
    void settled.then(() => {
      done = true;
      wake();
    });
    try {
      for (;;) {
        for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
        if (done) return await reply;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      left = true;
      await settled;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => this.#opened.dispose());
    return this.#closing;
  }

  async #make(
    said: string | readonly string[],
    { signal, ...rest }: ReplyCall,
    watcher: ReplyWatcher,
  ): Promise<Reply> {
    if (this.#closing) throw new Error(`${this.name} is closed`);
    const turns = [said].flat().map(tidyText);
    if (turns.length === 0 || turns.includes('')) throw new UserError('prompt-empty', 'a turn is empty');
    const { settings, candidates } = this.#settingsOf(rest);
    const shouldStop = () => signal?.aborted === true || watcher.shouldStop();
    const reply = this.#last.then(() =>
      this.#opened.model.reply(turns, settings, { text: watcher.text, shouldStop }, candidates),
    );
    this.#last = reply.catch(() => {});
    return reply;
  }

  /** The call's options override those given at opening: `greedy` is allowed although the opening set `temperature`. */
  #settingsOf(call: ReplyOptions) {
    const given = givenOptions<ChatOption>(
      chatOptions,
      (key) => replyOptions.some((known) => known === key),
      call,
    );
    const options = completeOptions(chatOptions, [this.#given, given]);
    refuseContradictions(options, new Set(given.keys()));
    const candidates = candidateCount(options);
    const { sequences } = this.#opened;
    const wanted = Math.max(options.numBeams, candidates);
    if (wanted > sequences)
      throw new UserError(
        'option-invalid',
        `${wanted} candidates or beams are requested, but memory is reserved for ${sequences}; open the model with as many`,
      );
    return { settings: generationSettings(options), candidates };
  }
}
