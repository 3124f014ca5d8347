// A growing list of unsigned 32-bit integers: four bytes each, in blocks, so that it never needs to be copied as a whole.

const blockBits = 16;
const blockLength = 2 ** blockBits;

export class GrowingIntegers {
  private readonly blocks: Uint32Array[] = [];
  length = 0;

  push(value: number): void {
    const place = this.length & (blockLength - 1);
    if (place === 0) this.blocks.push(new Uint32Array(this.length === 0 ? 1024 : blockLength));
    let block = this.blocks.at(-1) as Uint32Array;
    if (place === block.length) {
      // Only the first block starts small.
      const larger = new Uint32Array(blockLength);
      larger.set(block);
      this.blocks[this.blocks.length - 1] = larger;
      block = larger;
    }
    block[place] = value;
    this.length++;
  }

  /** @param index in [0, length). */
  at(index: number): number {
    return this.blocks[index >>> blockBits]?.[index & (blockLength - 1)] ?? 0;
  }
}
