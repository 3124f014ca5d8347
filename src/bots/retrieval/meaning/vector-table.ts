// The vectors of known questions, by their numbers: all are compared with that of a question. For 100,000 questions and vectors of
// 384 numbers this takes some 80 ms and 154 MB, so there is a limit, and no index that would be approximate.

export interface Neighbour {
  readonly question: number;
  /** The cosine of the angle between two vectors. */
  readonly cosine: number;
}

/** More questions than this are found by their words only. */
export const mostVectors = 100_000;
const mostBytes = 2 ** 30;
const rowsPerChunk = 1024;

export class VectorTable {
  private readonly chunks: Float32Array[] = [];
  /** The row of a question, and the question of a row. */
  private readonly rows = new Map<number, number>();
  private readonly questions: number[] = [];

  /** @param width of each vector. */
  constructor(readonly width: number) {}

  get size(): number {
    return this.rows.size;
  }

  get isFull(): boolean {
    return this.size >= Math.min(mostVectors, Math.floor(mostBytes / (4 * this.width)));
  }

  has(question: number): boolean {
    return this.rows.has(question);
  }

  /** @param vector of length 1. */
  add(question: number, vector: Float32Array): void {
    const row = this.questions.length;
    const chunk = this.chunks[Math.floor(row / rowsPerChunk)] ?? new Float32Array(rowsPerChunk * this.width);
    if (row % rowsPerChunk === 0) this.chunks.push(chunk);
    chunk.set(vector, (row % rowsPerChunk) * this.width);
    this.questions.push(question);
    this.rows.set(question, row);
  }

  /** Null if the question has no vector. */
  cosine(question: number, vector: Float32Array): number | null {
    const row = this.rows.get(question);
    const chunk = this.chunks[Math.floor((row ?? 0) / rowsPerChunk)];
    if (row === undefined || chunk === undefined) return null;
    return product(chunk, (row % rowsPerChunk) * this.width, vector);
  }

  /** The nearest questions, nearest first. @param isKnown whether a question still has an answer. */
  nearest(vector: Float32Array, most: number, isKnown: (question: number) => boolean): Neighbour[] {
    const best: Neighbour[] = [];
    let least = Number.NEGATIVE_INFINITY;
    for (const [row, question] of this.questions.entries()) {
      const chunk = this.chunks[Math.floor(row / rowsPerChunk)];
      if (chunk === undefined) break;
      const cosine = product(chunk, (row % rowsPerChunk) * this.width, vector);
      if (cosine <= least || !isKnown(question)) continue;
      const place = best.findIndex((other) => other.cosine < cosine);
      best.splice(place < 0 ? best.length : place, 0, { question, cosine });
      if (best.length <= most) continue;
      best.pop();
      least = best.at(-1)?.cosine ?? least;
    }
    return best;
  }
}

/** Four sums at a time, which a processor adds at once. */
function product(rows: Float32Array, start: number, vector: Float32Array): number {
  const { length } = vector;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let index = 0;
  for (; index + 3 < length; index += 4) {
    const at = start + index;
    a += (rows[at] as number) * (vector[index] as number);
    b += (rows[at + 1] as number) * (vector[index + 1] as number);
    c += (rows[at + 2] as number) * (vector[index + 2] as number);
    d += (rows[at + 3] as number) * (vector[index + 3] as number);
  }
  for (; index < length; index++) a += (rows[start + index] as number) * (vector[index] as number);
  return a + b + c + d;
}
