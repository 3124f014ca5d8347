// Repeated work as CUDA graphs. The first call runs it directly, so that kernels are compiled and algorithms chosen;
// the second captures it; later calls launch the graph. A graph takes card memory that is not in the memory plan, a few
// kilobytes per launch in it. The number of graphs is therefore limited, and if the card has no memory left, work runs
// without one. Does not know what the work does.

import type { CardContext } from './card-context.js';
import type { CudaMemory } from './memory.js';
import type { Graph } from './streams.js';

export class Replays {
  /** By owner and key; undefined if the work has run but has no graph. */
  readonly #works = new WeakMap<object, Map<string, Graph | undefined>>();
  readonly #graphs = new Map<Graph, string>();
  #hasMemory = true;

  constructor(
    readonly context: CardContext,
    readonly memory: CudaMemory,
    /** 64 are enough for batches of about sixty sizes; with more sizes, the first ones get graphs. With 0, none do. */
    readonly mostGraphs = 64,
  ) {}

  /** The captured works: their keys, and the number of kernels, copies and fills in each graph. */
  graphs(): { readonly key: string; readonly nodes: number }[] {
    return [...this.#graphs].map(([{ nodes }, key]) => ({ key, nodes }));
  }

  run(owner: object, key: string, work: () => void): void {
    const works = this.#worksOf(owner);
    const first = !works.has(key);
    const graph = first ? undefined : (works.get(key) ?? this.#capture(key, work));
    works.set(key, graph);
    if (graph !== undefined) {
      if (this.context.driver.streams.launchGraph(graph, this.context.stream)) return;
      works.set(key, undefined);
      this.#graphs.delete(graph);
      this.context.driver.streams.destroyGraph(graph);
      this.#hasMemory = false;
    }
    this.memory.sealed(key, work);
  }

  dispose(): void {
    for (const graph of this.#graphs.keys()) this.context.driver.streams.destroyGraph(graph);
    this.#graphs.clear();
  }

  #capture(key: string, work: () => void): Graph | undefined {
    const { driver, stream } = this.context;
    if (!this.#hasMemory || this.#graphs.size >= this.mostGraphs) return undefined;
    const graph = driver.streams.capture(stream, () => this.memory.sealed(key, work));
    if (graph === undefined) this.#hasMemory = false;
    else this.#graphs.set(graph, key);
    return graph;
  }

  #worksOf(owner: object): Map<string, Graph | undefined> {
    const known = this.#works.get(owner);
    if (known !== undefined) return known;
    const works = new Map<string, Graph | undefined>();
    this.#works.set(owner, works);
    return works;
  }
}
