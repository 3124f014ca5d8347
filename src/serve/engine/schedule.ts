// What the next pass of the model does: which waiting jobs get a slot, whose prompt is read on, which slots get a token. A pure
// function of slots, queue and clock, so that batching, fairness and deadlines are tested without a model or a thread.

import type { PromptPieces } from '../../nn/prompt-pieces.js';

/** A job as the schedule sees it. */
export interface Queued {
  readonly id: number;
  readonly prompt: readonly number[];
  /** The first position whose logits are wanted. */
  readonly scoredFrom: number;
  readonly fairness: string;
  /** When it is refused unless it has a slot. */
  readonly dueAt: number;
  /** When it is cut. */
  readonly endsAt: number;
}

export type Slot<Job extends Queued> =
  /** `past`: the tokens that a later prompt may share. */
  | { readonly kind: 'idle'; readonly past: readonly number[]; readonly usedAt: number }
  /** `filled`: the tokens of the prompt that the slot holds. `order`: the slot that began first is read first. */
  | { readonly kind: 'reading'; readonly job: Job; readonly filled: number; readonly order: number }
  | { readonly kind: 'writing'; readonly job: Job };

export interface Start<Job extends Queued> {
  readonly slot: number;
  readonly job: Job;
  /** How many of the prompt's first tokens need not be read. */
  readonly kept: number;
  /** The slot that holds them from `position` on, if this one does not. */
  readonly copied: { readonly slot: number; readonly position: number } | null;
}

/** One turn of the engine. A slot that is cut takes no part in the rest. A job that starts may be read in the same step. */
export interface Step<Job extends Queued> {
  /** Jobs that waited too long. */
  readonly expired: readonly Job[];
  /** Slots whose job ran too long. */
  readonly cut: readonly number[];
  readonly starts: readonly Start<Job>[];
  /** Slots whose prompts are read on by a piece each, together at most a chunk, so that nobody waits longer for a token. */
  readonly reads: readonly number[];
  /** Slots that get a token. */
  readonly writes: readonly number[];
}

/** So many tokens of a prefix are worth a copy. */
const worthCopying = 8;

/** @param waiting in the order of arrival. */
export function schedule<Job extends Queued>(
  slots: readonly Slot<Job>[],
  waiting: readonly Job[],
  pieces: PromptPieces,
  now: number,
): Step<Job> {
  const isDue = ({ dueAt, endsAt }: Job) => Math.min(dueAt, endsAt) <= now;
  const numbered = slots.map((slot, number) => ({ slot, number }));
  const cut = numbered.flatMap(({ slot, number }) =>
    slot.kind !== 'idle' && slot.job.endsAt <= now ? [number] : [],
  );
  const busy = numbered.filter(({ slot, number }) => slot.kind !== 'idle' && !cut.includes(number));
  const starts = assigned(
    slots,
    chosen(
      waiting.filter((job) => !isDue(job)),
      busy.flatMap(({ slot }) => (slot.kind === 'idle' ? [] : [slot.job])),
      slots.filter(({ kind }) => kind === 'idle').length,
    ),
    pieces,
  );
  const reading = busy
    .flatMap(({ slot, number }) => (slot.kind === 'reading' ? [{ ...slot, slot: number }] : []))
    .sort((one, other) => one.order - other.order);
  const unread = [...reading, ...starts.map(({ slot, job, kept }) => ({ slot, job, filled: kept }))];
  return {
    expired: waiting.filter(isDue),
    cut,
    starts,
    reads: readTogether(unread, pieces),
    writes: busy.flatMap(({ slot, number }) => (slot.kind === 'writing' ? [number] : [])),
  };
}

/** As many slots, from the first on, as have next pieces that fit into a chunk. */
function readTogether(
  slots: readonly { readonly slot: number; readonly job: Queued; readonly filled: number }[],
  pieces: PromptPieces,
): number[] {
  const result: number[] = [];
  let room = pieces.chunk;
  for (const { slot, job, filled } of slots) {
    const { from, to } = pieces.next(job.prompt.length, filled);
    room -= to - from;
    if (room < 0) break;
    result.push(slot);
  }
  return result;
}

/**
 * The jobs that start, at most `count`: always the oldest one of the key that has the fewest running. Keys thus take turns, and a
 * key that runs nothing comes before all that do.
 */
function chosen<Job extends Queued>(waiting: readonly Job[], running: readonly Job[], count: number): Job[] {
  const loads = new Map<string, number>();
  const loadOf = ({ fairness }: Job) => loads.get(fairness) ?? 0;
  for (const job of running) loads.set(job.fairness, loadOf(job) + 1);
  const left = [...waiting];
  const result: Job[] = [];
  while (result.length < count && left.length > 0) {
    const least = left.reduce((best, job, at) => (loadOf(job) < loadOf(left[best] ?? job) ? at : best), 0);
    for (const job of left.splice(least, 1)) {
      loads.set(job.fairness, loadOf(job) + 1);
      result.push(job);
    }
  }
  return result;
}

/**
 * Gives each job an idle slot: one that holds the beginning of its prompt and nothing else, else the one that was used least
 * recently. A prefix that another slot holds, such as that of a persona, is copied from there instead of being read again.
 */
function assigned<Job extends Queued>(
  slots: readonly Slot<Job>[],
  jobs: readonly Job[],
  pieces: PromptPieces,
): Step<Job>['starts'] {
  if (jobs.length === 0) return [];
  const pasts = slots.map((slot) => pastOf(slot, pieces));
  const taken = new Set<number>();
  return jobs.flatMap((job) => {
    const held = slots.flatMap((slot, number) => {
      const past = pasts[number] ?? [];
      // What starts in this step may overwrite what it holds.
      if (taken.has(number)) return [];
      const shared = sharedBy(job.prompt, past);
      const kept = pieces.kept(job.prompt.length, Math.min(shared, job.scoredFrom));
      return [{ number, slot, kept, isWhole: shared === past.length }];
    });
    const usedAt = ({ slot }: (typeof held)[number]) => (slot.kind === 'idle' ? slot.usedAt : 0);
    const idle = held
      .filter(({ slot }) => slot.kind === 'idle')
      .sort((one, other) => usedAt(one) - usedAt(other));
    const own = idle.reduce(
      (best, one) => (one.isWhole && one.kept > best.kept ? one : best),
      idle[0] ?? none,
    );
    if (own === none) return [];
    taken.add(own.number);
    const source = held.reduce((best, one) => (one.kept > best.kept ? one : best), own);
    const isCopied = source.kept - own.kept >= worthCopying;
    const from = isCopied ? { slot: source.number, position: own.kept } : null;
    return [{ slot: own.number, job, kept: isCopied ? source.kept : own.kept, copied: from }];
  });
}

/** No slot. */
const none = { number: -1, kept: 0, isWhole: false, slot: null };

/** The tokens of a slot that another prompt may share. */
function pastOf(slot: Slot<Queued>, pieces: PromptPieces): readonly number[] {
  if (slot.kind === 'idle') return slot.past;
  const { prompt } = slot.job;
  const read = slot.kind === 'reading' ? slot.filled : prompt.length;
  return prompt.slice(0, pieces.lasting(prompt.length, read));
}

function sharedBy(prompt: readonly number[], past: readonly number[]): number {
  let shared = 0;
  while (shared < past.length && shared < prompt.length && past[shared] === prompt[shared]) shared++;
  return shared;
}
