// Groups of things that belong together (union-find with path halving).

export class Union {
  private readonly parents: Uint32Array;

  /** @param count each of the numbers below it is a group of its own. */
  constructor(count: number) {
    this.parents = Uint32Array.from({ length: count }, (_, one) => one);
  }

  join(one: number, other: number): void {
    const [first, second] = [this.rootOf(one), this.rootOf(other)];
    // The smaller number becomes the root, so that it comes first when groups are numbered.
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** The group of each, numbered 0, 1, ... in order of first appearance. */
  numbers(): Int32Array {
    const groups = new Int32Array(this.parents.length);
    let found = 0;
    for (let one = 0; one < groups.length; one++) {
      const root = this.rootOf(one);
      groups[one] = root === one ? found++ : (groups[root] ?? 0);
    }
    return groups;
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
