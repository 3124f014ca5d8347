// A trained model to talk to, as an object of a program: opened once, asked any number of times, closed. Nothing is
// printed; what was said before is the caller's to keep.

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

/** How a reply is made; each one may have its own. */
const replyOptions = [
  ...(['greedy', 'temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'noRepeatNgramSize'] as const),
  ...(['seed', 'minNewTokens', 'maxNewTokens', 'stop', 'candidates', 'numBeams', 'lengthPenalty'] as const),
] as const satisfies readonly ChatOption[];

/** What is settled when the model is opened. */
const openingOptions = ['device', 'precision', 'threads', 'mmi'] as const satisfies readonly ChatOption[];

type Chosen<Keys extends readonly ChatOption[]> = Partial<Pick<ChatOptions, Keys[number]>>;

/** How a reply is made: sampling, length and the best of several, as `chatbot-chat --help` lists them. */
export interface ReplyOptions extends Chosen<typeof replyOptions> {}

/** Where the model computes; and how replies are made that say nothing else. */
export interface ChatModelOptions extends ReplyOptions, Chosen<typeof openingOptions> {
  /** A sentence for people, such as kernels that are compiled for the first time. */
  readonly onNote?: (text: string) => void;
  /** Bytes of a model of the hub; `total` is 0 where it is not known. */
  readonly onDownload?: (file: string, done: number, total: number) => void;
}

/** The options of one reply. */
export interface ReplyCall extends ReplyOptions {
  /** Once aborted, the reply ends after its current token, with `finishReason` "interrupted". */
  readonly signal?: AbortSignal;
}

/** A model that is ready to talk. */
export interface ChatModel {
  /** As it was named when it was opened. */
  readonly name: string;
  /** The device that it computes on, for people. */
  readonly device: string;
  /** Number of learnt parameters. */
  readonly parameters: number;
  /** The most tokens that a conversation and its reply may have together. */
  readonly contextLength: number;
  /**
   * The reply to a conversation. Calls that overlap are answered one after the other.
   * @param turns what was said, in turn by the person and the model, the last one to be answered; a text is one turn.
   * @throws UserError where a turn is longer than the context, or an option cannot be used.
   */
  reply(turns: string | readonly string[], options?: ReplyCall): Promise<Reply>;
  /**
   * The same reply piece by piece, in whole characters, as it is made. The generator returns the `Reply`; leaving the
   * loop ends the reply. Where the best of several is chosen, there is one piece.
   */
  stream(turns: string | readonly string[], options?: ReplyCall): AsyncGenerator<string, Reply, undefined>;
  /** Frees the device's memory, once the replies in progress are made. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a model to talk to: a folder that `train` wrote, any Hugging Face GPT-2 folder, or a hub id.
 *
 * Memory is set aside for as many `candidates` or `numBeams` as are asked for here; a reply cannot have more.
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
  /** The newest reply asked for, or the closing; each waits for the one before. */
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

  /** The call's options over those of the opening, which give way: `greedy` may follow an opening `temperature`. */
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
        `${wanted} candidates or beams are asked for, but memory was set aside for ${sequences}; open the model with as many`,
      );
    return { settings: generationSettings(options), candidates };
  }
}
