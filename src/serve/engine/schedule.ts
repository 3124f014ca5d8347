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

/** One turn of the engine. A slot that is cut takes no part in the rest. A job that starts may be read in the same step. */
export interface Step<Job extends Queued> {
  /** Jobs that waited too long. */
  readonly expired: readonly Job[];
  /** Slots whose job ran too long. */
  readonly cut: readonly number[];
  /** `kept`: how many tokens of the slot's past are the start of the prompt and need not be read. */
  readonly starts: readonly { readonly slot: number; readonly job: Job; readonly kept: number }[];
  /** Slots whose prompts are read on by a piece each, together at most a chunk, so that nobody waits longer for a token. */
  readonly reads: readonly number[];
  /** Slots that get a token. */
  readonly writes: readonly number[];
}

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

/** Gives each job the idle slot that keeps the most of its prompt; among equals, the one that was used least recently. */
function assigned<Job extends Queued>(
  slots: readonly Slot<Job>[],
  jobs: readonly Job[],
  pieces: PromptPieces,
): Step<Job>['starts'] {
  const taken = new Set<number>();
  return jobs.flatMap((job) => {
    const free = slots.flatMap((slot, number) =>
      slot.kind === 'idle' && !taken.has(number)
        ? [{ number, usedAt: slot.usedAt, kept: keptOf(job, slot.past, pieces) }]
        : [],
    );
    const [best] = free.sort((one, other) => other.kept - one.kept || one.usedAt - other.usedAt);
    if (best === undefined) return [];
    taken.add(best.number);
    return [{ slot: best.number, job, kept: best.kept }];
  });
}

function keptOf({ prompt, scoredFrom }: Queued, past: readonly number[], pieces: PromptPieces): number {
  let shared = 0;
  while (shared < past.length && shared < prompt.length && past[shared] === prompt[shared]) shared++;
  return pieces.kept(prompt.length, Math.min(shared, scoredFrom));
}
