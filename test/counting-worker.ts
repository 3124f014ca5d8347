// A worker thread for pull.test.ts. It counts up to the number that it is asked for, or fails before it.

import { servePulls } from '../src/files/pull.js';

export interface Count {
  readonly to: number;
  readonly failsAt?: number;
}

servePulls((request) => count(request as Count));

async function* count({ to, failsAt }: Count): AsyncGenerator<number> {
  for (let number = 1; number <= to; number++) {
    if (number === failsAt) throw new Error(`no ${number}`);
    yield number;
  }
}
