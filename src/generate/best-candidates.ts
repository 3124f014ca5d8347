// The best K of all tokens that could follow any of the beams. Only these K are kept sorted: nearly every token is worse
// than the K-th best so far and costs one comparison.

export class BestCandidates {
  /** The number of candidates, at most K. */
  count = 0;
  /** Best first, like the arrays below; of equal scores the one that was offered first. */
  readonly scores: Float64Array;
  /** The beam that each candidate continues. */
  readonly beams: Int32Array;
  readonly tokens: Int32Array;

  /** @param capacity K. */
  constructor(private readonly capacity: number) {
    this.scores = new Float64Array(capacity);
    this.beams = new Int32Array(capacity);
    this.tokens = new Int32Array(capacity);
  }

  /** Removes all candidates. */
  clear(): void {
    this.count = 0;
  }

  /**
   * Offers every token that could follow one beam, except those at -Infinity.
   * @param score the log-likelihood of the beam.
   * @param logProbabilities [V], added to the score.
   */
  offer(beam: number, score: number, logProbabilities: Float32Array): void {
    let enough = this.least - score;
    for (let token = 0; token < logProbabilities.length; token++) {
      const logProbability = logProbabilities[token] ?? 0;
      if (logProbability > enough) {
        this.insert(beam, token, score + logProbability);
        enough = this.least - score;
      }
    }
  }

  /** A score must be above this to be among the best. */
  private get least(): number {
    return this.count < this.capacity
      ? Number.NEGATIVE_INFINITY
      : (this.scores[this.capacity - 1] ?? Number.NEGATIVE_INFINITY);
  }

  private insert(beam: number, token: number, score: number): void {
    const { scores, beams, tokens, capacity } = this;
    let place = this.count;
    while (place > 0 && (scores[place - 1] ?? 0) < score) place--;
    if (place === capacity) return;
    for (const values of [scores, beams, tokens]) values.copyWithin(place + 1, place, capacity - 1);
    scores[place] = score;
    beams[place] = beam;
    tokens[place] = token;
    if (this.count < capacity) this.count++;
  }
}
