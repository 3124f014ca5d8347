// Texts of any number as bytes: a string costs an object each, and a million of them slow every garbage collection down.

const chunkBytes = 2 ** 20;

export class TextColumn {
  private readonly chunks: Buffer[] = [];
  /** Free bytes begin here in the last chunk. */
  private filled = chunkBytes;
  /** Where each text is: chunk, first byte, end. */
  private places = new Uint32Array(3 * 1024);
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** @returns the index of the text. */
  add(text: string): number {
    // A character has three bytes at most for each of its code units.
    const most = 3 * text.length;
    if (this.filled + most > (this.chunks.at(-1)?.length ?? 0)) {
      this.chunks.push(Buffer.allocUnsafeSlow(Math.max(chunkBytes, most)));
      this.filled = 0;
    }
    const chunk = this.chunks.at(-1);
    const bytes = chunk ? written(text, chunk, this.filled) : 0;
    if (3 * this.count === this.places.length) this.places = grown(this.places);
    const place = 3 * this.count;
    this.places[place] = this.chunks.length - 1;
    this.places[place + 1] = this.filled;
    this.places[place + 2] = this.filled + bytes;
    this.filled += bytes;
    return this.count++;
  }

  /** Halves of surrogate pairs have become U+FFFD. @throws RangeError if there is no such text. */
  at(index: number): string {
    if (!(index >= 0 && index < this.count)) throw new RangeError(`there is no text ${index}`);
    const chunk = this.chunks[this.places[3 * index] ?? 0];
    return chunk?.toString('utf8', this.places[3 * index + 1], this.places[3 * index + 2]) ?? '';
  }
}

/** A call of `write` costs more than a short loop. */
const shortLength = 40;

/** Writes a text as UTF-8. @returns the number of bytes. */
function written(text: string, bytes: Buffer, from: number): number {
  const { length } = text;
  if (length > shortLength) return bytes.write(text, from, 'utf8');
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return bytes.write(text, from, 'utf8');
    bytes[from + index] = unit;
  }
  return length;
}

/** A copy with twice the length, filled with zeros. */
export function grown<Numbers extends Uint8Array | Uint32Array | Int32Array | Float64Array>(
  numbers: Numbers,
): Numbers {
  const larger = new (numbers.constructor as new (length: number) => Numbers)(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
