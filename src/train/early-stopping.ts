// Decides which evaluation of a run is the best and when to stop because the loss no longer falls. Combines the Trainer's
// best-model tracking with transformers' EarlyStoppingCallback. The functions are pure: the caller keeps the state.
// Any decrease makes an evaluation the best one, but only a decrease of more than the threshold resets the count.

export interface EarlyStoppingOptions {
  /** Stop after this many evaluations in a row without improvement; 0 never stops. */
  readonly patience: number;
  /** The loss must fall by more than this to count as an improvement. */
  readonly threshold: number;
}

export interface EvaluationRecord {
  /** null until an evaluation has a finite loss. */
  readonly bestEvalLoss: number | null;
  readonly evaluationsWithoutImprovement: number;
}

/**
 * The record after one more evaluation. A loss of NaN or infinity is never the best and never an improvement.
 * @returns `best`: whether this is the lowest loss so far.
 */
export function recordEvaluation(
  { bestEvalLoss, evaluationsWithoutImprovement }: EvaluationRecord,
  evalLoss: number,
  { threshold }: EarlyStoppingOptions,
): EvaluationRecord & { readonly best: boolean } {
  const before = bestEvalLoss ?? Number.POSITIVE_INFINITY;
  const best = Number.isFinite(evalLoss) && evalLoss < before;
  const improved = best && before - evalLoss > threshold;
  return {
    best,
    bestEvalLoss: best ? evalLoss : bestEvalLoss,
    evaluationsWithoutImprovement: improved ? 0 : evaluationsWithoutImprovement + 1,
  };
}

/** Whether the patience is used up. */
export function outOfPatience(
  { evaluationsWithoutImprovement }: EvaluationRecord,
  { patience }: EarlyStoppingOptions,
): boolean {
  return patience > 0 && evaluationsWithoutImprovement >= patience;
}
