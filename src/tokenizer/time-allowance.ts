// An end to work whose time a stranger decides: a tokenizer's patterns can take time that grows exponentially with the
// length of a text, and while a pattern runs no signal is heard. No look at a pattern tells the bad ones from the good
// (nested quantifiers are only the best-known kind, and GPT-2's pattern has a lookahead, so no engine of linear time
// reads it). So such work runs under V8's own watchdog, which stops a pattern in the middle (node:vm's `timeout`); it
// costs some 0.1 ms a call. A worker could be stopped as well, but would need a second copy of every table.

import { createContext, Script } from 'node:vm';

export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const environment: { step: (() => unknown) | undefined } = { step: undefined };
const context = createContext(environment);
const call = new Script('step()');

/** @throws OutOfTime after `milliseconds`, whatever `step` is doing then; else what `step` throws. */
function interrupted<Result>(milliseconds: number, step: () => Result): Result {
  const outer = environment.step;
  environment.step = step;
  try {
    return call.runInContext(context, { timeout: Math.max(1, Math.ceil(milliseconds)) });
  } catch (thrown) {
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw thrown;
    throw new OutOfTime(`more than ${milliseconds} ms`);
  } finally {
    environment.step = outer;
  }
}

/**
 * An account of time. Every text pays some in, far more than sound patterns need, and what its reading takes is drawn
 * from it. So one text may take long, as on a machine that is busy, but not every text of a corpus.
 */
export class TimeAllowance {
  private left: number;

  /** @param most what is there at the beginning, and the most that is saved up, in milliseconds. */
  constructor(private readonly most: number) {
    this.left = most;
  }

  /** @param grant what this step pays in, in milliseconds. @throws OutOfTime when all is spent. */
  spend<Result>(grant: number, step: () => Result): Result {
    const available = this.left + grant;
    const start = performance.now();
    try {
      return interrupted(available, step);
    } finally {
      this.left = Math.min(this.most, Math.max(0, available - (performance.now() - start)));
    }
  }
}
