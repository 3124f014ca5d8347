// A growing list of unsigned 32-bit integers. It takes four bytes per integer, less than a JavaScript array.

export class GrowingIntegers {
  private values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** @param index in [0, length). */
  at(index: number): number {
    return this.values[index] ?? 0;
  }
}
