// How unlikely a trained model finds each reply after the turns before it: the mean loss of its tokens, as training computes
// it. High losses point to replies that do not belong there, low ones to boilerplate.

import { setImmediate } from 'node:timers/promises';
import { collate } from '../../corpus/batch.js';
import type { Dialogue } from '../../corpus/dialogue.js';
import { GrowingIntegers, GrowingNumbers } from '../../corpus/growing-numbers.js';
import { TrainingText } from '../../corpus/training-text.js';
import type { Device, WeightPrecision } from '../../device/device.js';
import { planMemory, totalBytes } from '../../device/memory-plan.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { loadWeights, type OpeningOptions, openNamed, readOnlyWeights } from '../../generate/named-model.js';
import { GPT2 } from '../../nn/gpt2.js';
import type { GPT2Config } from '../../nn/gpt2-config.js';
import { ScoringPass } from '../../nn/scoring-pass.js';
import { option } from '../../option-names.js';
import { type Piece, piecesOf } from './reply-pieces.js';

/** The replies of a list of dialogues with their losses, in order. */
export class ScoredReplies {
  private readonly dialogues = new GrowingIntegers();
  private readonly turns = new GrowingIntegers();
  private readonly lengths = new GrowingIntegers();
  private readonly losses = new GrowingNumbers();

  get length(): number {
    return this.losses.length;
  }

  push({ dialogue, turn, tokens, loss }: ScoredReply): void {
    this.dialogues.push(dialogue);
    this.turns.push(turn);
    this.lengths.push(tokens);
    this.losses.push(loss);
  }

  /** @param index in [0, length). */
  at(index: number): ScoredReply {
    return {
      dialogue: this.dialogues.at(index),
      turn: this.turns.at(index),
      tokens: this.lengths.at(index),
      loss: this.losses.at(index),
    };
  }
}

export interface ScoredReply {
  /** Indices in the list, and in the dialogue. */
  readonly dialogue: number;
  readonly turn: number;
  readonly tokens: number;
  /** In nats, mean over its tokens and the one that ends it. */
  readonly loss: number;
}

/** Called now and then. @param done dialogues so far. @param total all of them. */
export type ScoringProgress = (done: number, total: number) => void;

export interface Dialogues extends Iterable<Dialogue> {
  readonly length: number;
}

export interface ReplyScorer {
  /** The name that the person gave. */
  readonly model: string;
  /** @throws UserError (model) if a loss is no number. */
  score(dialogues: Dialogues, progress: ScoringProgress): Promise<ScoredReplies>;
}

export interface ScorerOptions extends OpeningOptions {
  readonly device: Device;
  readonly weights: WeightPrecision;
}

/** Tokens per forward pass. Dialogues are packed without padding, so it does not matter which ones go together. */
const passTokens = 4096;

/** @throws UserError (model) when the model cannot be opened or is of the wrong kind; (device) when memory is short. */
export async function openReplyScorer(name: string, options: ScorerOptions): Promise<ReplyScorer> {
  const opened = await openNamed(name, options);
  const { config, tokenizer } = opened;
  if (config.dialogueOrder === 'reversed')
    throw new UserError(
      'model-wrong-direction',
      `${name} was trained with ${option('reverse', true)}, to predict a message from its reply; name a model for ${option('suspicious')} that was trained without it`,
    );
  const { device, weights } = options;
  const buildWith = (packed: boolean) => (on: Device) => buildPass(on, config, weights, packed);
  const plan = (packed: boolean) => totalBytes(planMemory(device, buildWith(packed)));
  const available = device.availableMemory();
  // Packed weights save time only: they are kept where there is memory for them.
  const packed = plan(true) <= available;
  const memory = plan(packed);
  if (memory > available)
    throw new UserError(
      'out-of-memory',
      `${name} needs ${formatBytes(memory)} of memory to score replies, but ${formatBytes(available)} are available; use a smaller model`,
    );
  device.reserve(memory);
  const pass = buildWith(packed)(device);
  loadWeights(pass.model, opened);
  const text = new TrainingText(tokenizer);
  return {
    model: name,
    score: (dialogues, progress) => scoreReplies(pass, text, dialogues, progress),
  };
}

/** Allocates without loading weights. */
function buildPass(
  device: Device,
  config: GPT2Config,
  weights: WeightPrecision,
  packed: boolean,
): ScoringPass {
  const model = new GPT2(device, config, { ...readOnlyWeights(device, weights), packed });
  return new ScoringPass(model, { capacity: Math.max(passTokens, config.nPositions) });
}

/** A piece and the dialogue that it is from. */
interface Waiting extends Piece {
  readonly dialogue: number;
}

async function scoreReplies(
  pass: ScoringPass,
  text: TrainingText,
  dialogues: Dialogues,
  progress: ScoringProgress,
): Promise<ScoredReplies> {
  const scored = new ScoredReplies();
  let waiting: Waiting[] = [];
  let [tokens, count] = [0, 0];
  const flush = async () => {
    if (waiting.length > 0) scoreTogether(pass, waiting, scored);
    waiting = [];
    tokens = 0;
    progress(count, dialogues.length);
    await setImmediate();
  };
  for (const dialogue of dialogues) {
    for (const piece of piecesOf(dialogue, text, pass.model.config.nPositions)) {
      const { length } = piece.text.tokens;
      if (tokens + length > pass.capacity) await flush();
      waiting.push({ ...piece, dialogue: count });
      tokens += length;
    }
    count++;
  }
  await flush();
  return scored;
}

function scoreTogether(pass: ScoringPass, pieces: readonly Waiting[], scored: ScoredReplies): void {
  const batch = collate([pieces.map(({ text }) => text)], { maxLength: pass.capacity, pad: false });
  const losses = pass.losses(batch);
  let from = 0;
  for (const { dialogue, replies } of pieces)
    for (const { turn, tokens } of replies) {
      const own = losses.subarray(from, from + tokens);
      const loss = own.reduce((sum, one) => sum + one, 0) / tokens;
      if (!Number.isFinite(loss))
        throw new UserError(
          'model-diverged',
          `${option('suspicious')}: the output of the model is not a number, because its weights hold NaN or infinite values; use an earlier checkpoint of its training`,
        );
      scored.push({ dialogue, turn, tokens, loss });
      from += tokens;
    }
}
