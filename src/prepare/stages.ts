// The stages that follow once all sources are clean, and how far each is.

import type { Stage, Watch } from './source-progress.js';

/** Told how many dialogues a stage is done with, of its total. */
export type Tick = (done: number) => void;

/**
 * Enters a stage. @param dialogues that it looks at. @param passes how often it looks at each; its total is their product.
 * @param rule the one that is applied, if the stage applies one.
 */
export type EnterStage = (stage: Stage, dialogues: number, passes?: number, rule?: string) => Tick;

/** One event for at least this many dialogues, and for at most so many parts of the total. */
const fewest = 500;
const parts = 1000;

export function stagesFor(watch: Watch): EnterStage {
  return (stage, dialogues, passes = 1, rule) => {
    const total = dialogues * passes;
    const between = Math.max(fewest, total / parts);
    const tell = (share: number) =>
      watch({ kind: 'stage', stage, dialogues, share, ...(rule !== undefined && { rule }) });
    let next = between;
    tell(0);
    return (done) => {
      if (done < next) return;
      next = done + between;
      tell(Math.min(1, done / total));
    };
  };
}

export const silently: EnterStage = () => () => {};

/** The lines, each of which is ticked when it is taken. @param done before the first. */
export function* ticked(lines: Iterable<string>, tick: Tick, done = 0): Generator<string> {
  for (const line of lines) {
    tick(++done);
    yield line;
  }
}
