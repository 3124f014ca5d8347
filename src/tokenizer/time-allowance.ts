// Limits the time of untrusted regular expressions. A tokenizer's pattern can take time that grows exponentially with the
// length of a text, and signals are not handled while it runs. Bad patterns cannot be recognised reliably: nested
// quantifiers are only the best-known kind. A linear-time engine is no option, because GPT-2's pattern has a lookahead.
// So such work runs under V8's watchdog (the `timeout` of node:vm), which can stop a pattern midway and costs about 0.1 ms
// a call. A worker could be stopped too, but would need a second copy of every table.

import { createContext, Script } from 'node:vm';

export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

const environment: { step: (() => unknown) | undefined } = { step: undefined };
const context = createContext(environment);
const call = new Script('step()');

/** @throws OutOfTime if `step` runs longer than `milliseconds`; otherwise what `step` throws. */
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
 * A time budget. Each text adds an amount that is far more than ordinary patterns need, and the time that it takes is
 * subtracted. So one text may take long, for example on a busy machine, but not every text of a corpus.
 */
export class TimeAllowance {
  private left: number;

  /**
   * @param most the initial budget and the most that can be saved up, in milliseconds.
   * @param now a clock in milliseconds.
   */
  constructor(
    private readonly most: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.left = most;
  }

  /** @param grant milliseconds that this step adds to the budget. @throws OutOfTime when the budget is used up. */
  spend<Result>(grant: number, step: () => Result): Result {
    const available = this.left + grant;
    const start = this.now();
    // The watchdog has a clock of its own. After it stopped a step, nothing is left, whatever this clock says.
    let isStopped = false;
    try {
      return interrupted(available, step);
    } catch (thrown) {
      isStopped = thrown instanceof OutOfTime;
      throw thrown;
    } finally {
      const spent = isStopped ? available : this.now() - start;
      this.left = Math.min(this.most, Math.max(0, available - spent));
    }
  }
}
