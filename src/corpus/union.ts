// Groups of things that belong together (union-find with path halving).

export class Union {
  /** Never larger than the number that it is the parent of. */
  private readonly parents: Int32Array;

  /** @param count each of the numbers below it is a group of its own. */
  constructor(count: number) {
    this.parents = new Int32Array(count);
    for (let one = 0; one < count; one++) this.parents[one] = one;
  }

  join(one: number, other: number): void {
    const [first, second] = [this.rootOf(one), this.rootOf(other)];
    // The smaller number becomes the root, so that it comes first when groups are numbered.
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }

  /**
   * The group of each, numbered 0, 1, ... in order of first appearance. It takes the memory of the parents, so nothing can be
   * asked or joined afterwards.
   */
  takeNumbers(): Int32Array {
    const { parents } = this;
    let found = 0;
    for (let one = 0; one < parents.length; one++) {
      const parent = parents[one] ?? one;
      // The parent comes first and is numbered already.
      parents[one] = parent === one ? found++ : (parents[parent] ?? 0);
    }
    return parents;
  }

  private rootOf(one: number): number {
    const { parents } = this;
    let root = one;
    for (let parent = parents[root] ?? root; parent !== root; parent = parents[root] ?? root) {
      const grandparent = parents[parent] ?? parent;
      parents[root] = grandparent;
      root = grandparent;
    }
    return root;
  }
}
