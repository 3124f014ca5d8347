// Growing lists of numbers, in blocks, so that they never need to be copied as a whole. They take less than JavaScript arrays.

const blockBits = 15;
const blockLength = 2 ** blockBits;
/** Only the first block starts small. */
const firstLength = 1024;

class Growing<Block extends Float64Array | Uint32Array> {
  private readonly blocks: Block[] = [];
  length = 0;

  constructor(private readonly newBlock: (length: number) => Block) {}

  push(value: number): void {
    const place = this.length & (blockLength - 1);
    if (place === 0) this.blocks.push(this.newBlock(this.length === 0 ? firstLength : blockLength));
    if (this.length === firstLength) {
      const whole = this.newBlock(blockLength);
      whole.set(this.blocks[0] ?? []);
      this.blocks[0] = whole;
    }
    this.length++;
    this.set(this.length - 1, value);
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

/** Eight bytes per number. */
export class GrowingNumbers extends Growing<Float64Array> {
  constructor() {
    super((length) => new Float64Array(length));
  }
}

/** Unsigned 32-bit integers, four bytes each. */
export class GrowingIntegers extends Growing<Uint32Array> {
  constructor() {
    super((length) => new Uint32Array(length));
  }
}
