// The number of characters that must be inserted, deleted or replaced to make one text of another (Levenshtein), from one text
// to many: Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003, in blocks of 32.
// Characters are UTF-16 code units, as in the package fastest-levenshtein, which prepares both texts anew each time.

export class EditPattern {
  /** By unit: its number among the different units of the text; 0: it is not in it. Other units are in the map. */
  private readonly ascii = new Uint16Array(128);
  private readonly others = new Map<number, number>();
  private readonly blocks: number;
  /** By number of a unit and block: the bits of the places where it is. */
  private readonly places: Int32Array;
  /** By block: where the distance grows and shrinks from one character of the text to the next. */
  private readonly grows: Int32Array;
  private readonly shrinks: Int32Array;

  constructor(private readonly text: string) {
    this.blocks = Math.ceil(text.length / 32);
    this.grows = new Int32Array(this.blocks);
    this.shrinks = new Int32Array(this.blocks);
    let units = 0;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (this.numberOf(unit) > 0) continue;
      units++;
      if (unit < 128) this.ascii[unit] = units;
      else this.others.set(unit, units);
    }
    this.places = new Int32Array((units + 1) * this.blocks);
    for (let index = 0; index < text.length; index++) {
      const block = this.numberOf(text.charCodeAt(index)) * this.blocks + (index >>> 5);
      this.places[block] = (this.places[block] ?? 0) | (1 << (index & 31));
    }
  }

  /** To the text `units[start]` up to `units[end]`. */
  distance(units: Uint16Array, start: number, end: number): number {
    const { blocks, places, grows, shrinks, text } = this;
    if (blocks === 0) return end - start;
    grows.fill(-1);
    shrinks.fill(0);
    const last = (text.length - 1) & 31;
    let distance = text.length;
    for (let at = start; at < end; at++) {
      const row = this.numberOf(units[at] ?? 0) * blocks;
      // What comes in from the block before; into the first one, one more for each character.
      let [up, down] = [1, 0];
      for (let block = 0; block < blocks; block++) {
        const grow = grows[block] ?? 0;
        const shrink = shrinks[block] ?? 0;
        const place = places[row + block] ?? 0;
        const vertical = place | shrink;
        const equal = place | down;
        const same = ((((equal & grow) + grow) | 0) ^ grow) | equal;
        let more = shrink | ~(same | grow);
        let less = grow & same;
        if (block === blocks - 1) distance += ((more >>> last) & 1) - ((less >>> last) & 1);
        const [nextUp, nextDown] = [more >>> 31, less >>> 31];
        more = (more << 1) | up;
        less = (less << 1) | down;
        grows[block] = less | ~(vertical | more);
        shrinks[block] = more & vertical;
        up = nextUp;
        down = nextDown;
      }
    }
    return distance;
  }

  private numberOf(unit: number): number {
    return unit < 128 ? (this.ascii[unit] ?? 0) : (this.others.get(unit) ?? 0);
  }
}
