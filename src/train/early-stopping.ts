// Tells the best evaluation of a run, and when to stop because it no longer gets better: the Trainer's best-model
// tracking and transformers' EarlyStoppingCallback in one. Knows nothing of models or files.
// Any decrease makes an evaluation the best one; only a decrease of more than the threshold renews the patience.

export interface EarlyStoppingOptions {
  /** Stop at this many evaluations in a row without improvement; 0 never stops. */
  readonly patience: number;
  /** What the loss must fall by to count as an improvement; it must fall by more than this. */
  readonly threshold: number;
}

/** What a checkpoint keeps; plain JSON. */
export interface EarlyStoppingState {
  /** null until an evaluation gave a finite loss. */
  readonly bestLoss: number | null;
  readonly evaluationsWithoutImprovement: number;
}

export class EarlyStopping {
  #bestLoss: number | null = null;
  #evaluationsWithoutImprovement = 0;

  constructor(private readonly options: EarlyStoppingOptions) {}

  /**
   * @param evalLoss NaN and infinity are never the best, and never an improvement.
   * @returns `best`: whether this is the lowest loss so far; `stop`: whether the patience is used up.
   */
  observe(evalLoss: number): { readonly best: boolean; readonly stop: boolean } {
    const { patience, threshold } = this.options;
    const before = this.#bestLoss ?? Number.POSITIVE_INFINITY;
    const best = Number.isFinite(evalLoss) && evalLoss < before;
    const improved = best && before - evalLoss > threshold;
    if (best) this.#bestLoss = evalLoss;
    this.#evaluationsWithoutImprovement = improved ? 0 : this.#evaluationsWithoutImprovement + 1;
    return { best, stop: patience > 0 && this.#evaluationsWithoutImprovement >= patience };
  }

  state(): EarlyStoppingState {
    return { bestLoss: this.#bestLoss, evaluationsWithoutImprovement: this.#evaluationsWithoutImprovement };
  }

  /** Goes on from where `state` was taken. */
  restore(state: EarlyStoppingState): void {
    this.#bestLoss = state.bestLoss;
    this.#evaluationsWithoutImprovement = state.evaluationsWithoutImprovement;
  }
}
