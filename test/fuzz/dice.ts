// The random choices of a mutant. They follow from target, seed and number alone, so any mutant can be made again.

import { Random } from '../../src/random.js';

export class Dice {
  private readonly random: Random;

  constructor(...key: readonly number[]) {
    this.random = new Random(...key);
  }

  /** An integer in [0, bound); 0 where the bound is 0. */
  below(bound: number): number {
    return bound < 1 ? 0 : this.random.below(bound);
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** Small most of the time, now and then as large as `bound`. */
  length(bound: number): number {
    return 1 + this.below(Math.min(bound, 2 ** this.below(20)));
  }
}
