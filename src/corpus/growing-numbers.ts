// A growing list of numbers: eight bytes each, in blocks, so that it never needs to be copied as a whole.

const blockBits = 15;
const blockLength = 2 ** blockBits;

export class GrowingNumbers {
  private readonly blocks: Float64Array[] = [];
  length = 0;

  push(value: number): void {
    const place = this.length & (blockLength - 1);
    if (place === 0) this.blocks.push(new Float64Array(this.length === 0 ? 1024 : blockLength));
    let block = this.blocks.at(-1) as Float64Array;
    if (place === block.length) {
      // Only the first block starts small.
      const larger = new Float64Array(blockLength);
      larger.set(block);
      this.blocks[this.blocks.length - 1] = larger;
      block = larger;
    }
    block[place] = value;
    this.length++;
  }

  /** NaN outside of [0, length). */
  at(index: number): number {
    if (!(index >= 0 && index < this.length)) return Number.NaN;
    return this.blocks[index >>> blockBits]?.[index & (blockLength - 1)] ?? Number.NaN;
  }

  /** @param index in [0, length). */
  set(index: number, value: number): void {
    const block = this.blocks[index >>> blockBits];
    if (block) block[index & (blockLength - 1)] = value;
  }
}
