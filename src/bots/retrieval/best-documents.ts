// Keeps the best of many documents: a heap whose root is the worst that is kept. Most documents are worse than that and cost
// one comparison.

export interface Match {
  readonly document: number;
  readonly score: number;
}

export class BestDocuments {
  private documents = new Uint32Array(64);
  private scores = new Float64Array(64);
  private most = 0;
  private count = 0;

  /** Forgets what was kept. @param most at least 1. */
  begin(most: number): void {
    if (most > this.documents.length) {
      this.documents = new Uint32Array(most);
      this.scores = new Float64Array(most);
    }
    this.most = most;
    this.count = 0;
  }

  get isFull(): boolean {
    return this.count === this.most;
  }

  /** The lowest score that is kept; documents with lower ones need not be offered when it is full. */
  get worst(): number {
    return this.count === 0 ? 0 : (this.scores[0] ?? 0);
  }

  offer(document: number, score: number): void {
    if (this.count < this.most) this.rise(this.count++, document, score);
    else if (this.isWorse(0, document, score)) this.sink(document, score);
  }

  /** In no order. */
  forEach(see: (document: number, score: number) => void): void {
    for (let place = 0; place < this.count; place++) see(this.documents[place] ?? 0, this.scores[place] ?? 0);
  }

  /** Best first; of equal ones, lower numbers first. */
  inOrder(): Match[] {
    return Array.from({ length: this.count }, (_, place) => ({
      document: this.documents[place] ?? 0,
      score: this.scores[place] ?? 0,
    })).sort((one, other) => other.score - one.score || one.document - other.document);
  }

  /** Whether what is kept at a place is worse than another document. */
  private isWorse(place: number, document: number, score: number): boolean {
    const kept = this.scores[place] ?? 0;
    return kept < score || (kept === score && (this.documents[place] ?? 0) > document);
  }

  private put(place: number, document: number, score: number): void {
    this.documents[place] = document;
    this.scores[place] = score;
  }

  private rise(from: number, document: number, score: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.isWorse(parent, document, score)) break;
      this.put(place, this.documents[parent] ?? 0, this.scores[parent] ?? 0);
      place = parent;
    }
    this.put(place, document, score);
  }

  private sink(document: number, score: number): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.count) break;
      const [next, nextScore] = [this.documents[child + 1] ?? 0, this.scores[child + 1] ?? 0];
      if (child + 1 < this.count && !this.isWorse(child, next, nextScore)) child++;
      if (!this.isWorse(child, document, score)) break;
      this.put(place, this.documents[child] ?? 0, this.scores[child] ?? 0);
      place = child;
    }
    this.put(place, document, score);
  }
}
