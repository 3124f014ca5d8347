// The random choices of a mutant. They depend only on the key (target, seed and number), so any mutant can be recreated.

import { Random } from '../../src/random.js';

export class Dice {
  private readonly random: Random;

  constructor(...key: readonly number[]) {
    this.random = new Random(...key);
  }

  /** An integer in [0, bound), or 0 if the bound is 0. */
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

  /** A length in [1, bound]: usually small, sometimes large. */
  length(bound: number): number {
    return 1 + this.below(Math.min(bound, 2 ** this.below(20)));
  }
}
