// The best K of all tokens that could follow any of the beams. Nothing is sorted but these: nearly every token is worse
// than the K-th best so far, and costs one comparison.

export class BestCandidates {
  /** How many there are, at most K. */
  count = 0;
  /** Best first, as all that follows; of equal ones, the first that was offered. */
  readonly scores: Float64Array;
  /** Which beam each one continues. */
  readonly beams: Int32Array;
  readonly tokens: Int32Array;

  /** @param capacity K. */
  constructor(private readonly capacity: number) {
    this.scores = new Float64Array(capacity);
    this.beams = new Int32Array(capacity);
    this.tokens = new Int32Array(capacity);
  }

  /** Forgets all. */
  clear(): void {
    this.count = 0;
  }

  /**
   * Offers every token that could follow one beam, but those at -Infinity.
   * @param score the beam's.
   * @param logProbabilities [V], to be added to it.
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

  /** What a score must be above to be among the best. */
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
