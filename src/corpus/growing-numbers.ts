// A growing list of numbers. It takes eight bytes per number, and no objects.

export class GrowingNumbers {
  private values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** NaN outside of [0, length). */
  at(index: number): number {
    return this.values[index] ?? Number.NaN;
  }

  set(index: number, value: number): void {
    this.values[index] = value;
  }
}
