// A model that is ready to chat: weights on a device, the tokenizer, the key-value cache, and optionally a second model that
// ranks candidates. `reply` shows the steps from turns to a reply.

import type { Device, WeightPrecision } from '../device/device.js';
import { planMemory, totalBytes } from '../device/memory-plan.js';
import { UserError } from '../errors.js';
import { formatBytes } from '../files/format-bytes.js';
import { DecodingPass } from '../nn/decoding-pass.js';
import { GPT2 } from '../nn/gpt2.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { ScoringPass } from '../nn/scoring-pass.js';
import { option } from '../option-names.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { beamSearch } from './beam-search.js';
import { CallQueue } from './call-queue.js';
import { generateReplies } from './generate-replies.js';
import { KnownPast } from './known-past.js';
import { logSumExp } from './log-softmax.js';
import { MmiReranker } from './mmi.js';
import { checkChatModel, checkMmiModel } from './mmi-models.js';
import {
  loadWeights,
  type NamedModel,
  type OpeningOptions,
  openNamed,
  readOnlyWeights,
} from './named-model.js';
import { encodePrompt, encodeScored, promptRoom } from './prompt.js';
import type { Candidate, FinishReason, Reply, ReplyWatcher } from './reply.js';
import type { GenerationSettings } from './settings.js';

export interface ChatModelOptions extends OpeningOptions {
  readonly device: Device;
  /** The precision of the stored weights. A device that does not compute fast in it computes in float32. */
  readonly weights: WeightPrecision;
  /** The most replies or beams side by side. */
  readonly sequences: number;
  /** The model that ranks candidates, trained with --reverse; null when there is none. */
  readonly mmi: string | null;
}

/** Tokens per forward pass when candidates are ranked. */
const scoringCapacity = 1024;

/**
 * Opens any model that `--model` may name (weights/resolve.ts), except presets, which are untrained.
 * @throws UserError (model) when it cannot be opened or is of the wrong kind; (device) when memory is short.
 */
export async function openChatModel(name: string, options: ChatModelOptions): Promise<ChatModel> {
  const chat = await openNamed(name, options);
  checkChatModel(chat);
  const mmi = options.mmi === null ? null : await openNamed(options.mmi, options);
  if (mmi) checkMmiModel(mmi, chat);
  const { device } = options;
  const buildWith = (packed: boolean) => (on: Device) =>
    buildParts(on, chat.config, mmi?.config ?? null, options, packed);
  const plan = (packed: boolean) => totalBytes(planMemory(device, buildWith(packed)));
  const available = device.availableMemory();
  // Packed weights save time only: they are kept where there is memory for them.
  const packed = plan(true) <= available;
  const memory = plan(packed);
  if (memory > available)
    throw new UserError(
      'out-of-memory',
      `${name} needs ${formatBytes(memory)} of memory, but ${formatBytes(available)} are available (${formatBytes(memory - available)} too little); use a smaller model or fewer ${option('candidates')}`,
    );
  device.reserve(memory);
  const parts = buildWith(packed)(device);
  loadWeights(parts.model, chat);
  if (parts.scoring && mmi) loadWeights(parts.scoring.model, mmi);
  return new ChatModel(chat, parts, memory);
}

interface Parts {
  readonly model: GPT2;
  readonly decoder: DecodingPass;
  readonly scoring: ScoringPass | null;
}

/** Allocates without loading weights. */
function buildParts(
  device: Device,
  config: GPT2Config,
  mmi: GPT2Config | null,
  { sequences, weights }: ChatModelOptions,
  packed: boolean,
): Parts {
  const inference = { ...readOnlyWeights(device, weights), packed };
  const model = new GPT2(device, config, inference);
  return {
    model,
    decoder: new DecodingPass(model, { sequences, contextLength: config.nPositions }),
    scoring: mmi && new ScoringPass(new GPT2(device, mmi, inference), { capacity: scoringCapacity }),
  };
}

/** A finished reply before ranking. */
interface Made extends Candidate {
  readonly finishReason: FinishReason;
}

export class ChatModel {
  /** The name that the user gave. */
  readonly label: string;
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
  readonly parameters: number;
  private readonly past: KnownPast;
  private readonly reranker: MmiReranker | null;
  /** All calls share one key-value cache, so only one computes at a time. */
  private readonly queue = new CallQueue();

  constructor(
    { name, config, tokenizer }: NamedModel,
    { model, decoder, scoring }: Parts,
    readonly memoryBytes: number,
  ) {
    this.label = name;
    this.config = config;
    this.tokenizer = tokenizer;
    this.parameters = model.parameters.count;
    this.past = new KnownPast(decoder);
    this.reranker = scoring && new MmiReranker(scoring, tokenizer);
  }

  /** The most tokens that a conversation and its reply may have together. */
  get contextLength(): number {
    return this.config.nPositions;
  }

  /**
   * Any number of calls may overlap. They are answered one after the other, and each reply is the one that it would be alone.
   * A call that should stop before its turn gets an empty reply.
   * @param turns the turns so far; the last one is answered.
   * @param candidates how many replies to choose the best from; with beam search the beams are the candidates.
   * @throws UserError (usage) when the last turn is longer than the context; (model) when the model's output is not a
   *   number.
   */
  reply(
    turns: readonly string[],
    settings: GenerationSettings,
    watcher: ReplyWatcher,
    candidates = 1,
  ): Promise<Reply> {
    return this.queue.run(async () =>
      watcher.shouldStop() ? stoppedBefore : this.replyNow(turns, settings, watcher, candidates),
    );
  }

  /**
   * The mean log-likelihood of a reply's tokens and its end, in nats; what is longer than half of the context is left out.
   * @param turns the last one is answered. Overlaps and throws as `reply`.
   */
  logLikelihood(turns: readonly string[], reply: string): Promise<number> {
    return this.queue.run(async () => {
      const { prompt, continuation } = encodeScored(turns, reply, this.tokenizer, this.contextLength);
      let logits = this.past.read(prompt);
      let sum = 0;
      for (const [index, token] of continuation.entries()) {
        sum += (logits[token] ?? 0) - logSumExp(logits);
        if (index < continuation.length - 1) logits = this.past.advance([token]);
      }
      return sum / Math.max(1, continuation.length);
    });
  }

  /** Like `reply`, but must not overlap with another call. */
  private async replyNow(
    turns: readonly string[],
    settings: GenerationSettings,
    watcher: ReplyWatcher,
    candidates: number,
  ): Promise<Reply> {
    const began = performance.now();
    const clock = new FirstToken(watcher);
    const room = promptRoom(this.contextLength, settings.maxNewTokens);
    const prompt = encodePrompt(turns, this.tokenizer, room);
    const made = await this.make(prompt.tokens, settings, candidates, clock);
    const ranked = this.rank(turns, made, settings);
    const best = ranked[0];
    if (best === undefined) throw new Error('there is no reply');
    if (compares(settings, candidates) && best.text !== '') watcher.text(best.text);
    const seconds = (performance.now() - began) / 1000;
    return {
      text: best.text,
      tokens: best.tokens,
      promptTokens: prompt.tokens.length,
      droppedTurns: prompt.droppedTurns,
      finishReason: best.finishReason,
      seconds,
      secondsToFirstToken: clock.at === null ? seconds : (clock.at - began) / 1000,
      candidates: ranked.length > 1 ? ranked : [],
    };
  }

  private async make(
    prompt: readonly number[],
    settings: GenerationSettings,
    candidates: number,
    watcher: ReplyWatcher,
  ): Promise<Made[]> {
    const { past, tokenizer } = this;
    if (settings.numBeams > 1) {
      const found = await beamSearch(past, tokenizer, prompt, settings, watcher.shouldStop);
      return found.map(({ tokens, ...hypothesis }) => ({ ...hypothesis, tokens: tokens.length }));
    }
    const text = compares(settings, candidates) ? () => {} : watcher.text;
    const shown = { text, shouldStop: watcher.shouldStop };
    const found = await generateReplies(past, tokenizer, prompt, settings, candidates, shown);
    return found.map(({ text, tokens, finishReason, meanLogLikelihood }) => ({
      text,
      tokens: tokens.length,
      finishReason,
      score: meanLogLikelihood,
    }));
  }

  /** Best first. Beams are already in order. */
  private rank(turns: readonly string[], made: readonly Made[], { numBeams }: GenerationSettings): Made[] {
    if (made.length < 2 || numBeams > 1) return [...made];
    if (!this.reranker) return made.toSorted(byScore);
    const ranking = this.reranker.rerank(
      turns,
      made.map(({ text }) => text),
    );
    return ranking.flatMap(({ index, loss }) => {
      const candidate = made[index];
      return candidate ? [{ ...candidate, score: -loss }] : [];
    });
  }
}

/** The reply to a call that was stopped while it waited. */
const stoppedBefore: Reply = {
  text: '',
  tokens: 0,
  promptTokens: 0,
  droppedTurns: 0,
  finishReason: 'interrupted',
  seconds: 0,
  secondsToFirstToken: 0,
  candidates: [],
};

/** Whether the reply is only known after all candidates are complete. */
function compares({ numBeams }: GenerationSettings, candidates: number): boolean {
  return numBeams > 1 || candidates > 1;
}

/** Best first; an empty reply is worse than any other. */
export function byScore(one: Candidate, other: Candidate): number {
  return Number(one.text === '') - Number(other.text === '') || other.score - one.score;
}

/** Records the time of the first token: `shouldStop` is called after each token. */
class FirstToken implements ReplyWatcher {
  at: number | null = null;

  constructor(private readonly watcher: ReplyWatcher) {}

  readonly text = (piece: string): void => this.watcher.text(piece);

  readonly shouldStop = (): boolean => {
    this.at ??= performance.now();
    return this.watcher.shouldStop();
  };
}
