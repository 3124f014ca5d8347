// Work that repeats, as CUDA graphs: run once as it is, so that kernels are compiled and algorithms chosen, captured the
// second time, launched as one from then on. Knows not what the work is.

import type { CardContext } from './card-context.js';
import type { Graph } from './driver.js';
import type { CudaMemory } from './memory.js';

export class Replays {
  /** By owner and key; undefined where the work has run, but is not captured yet. */
  readonly #works = new WeakMap<object, Map<string, Graph | undefined>>();
  readonly #graphs: Graph[] = [];

  constructor(
    readonly context: CardContext,
    readonly memory: CudaMemory,
  ) {}

  run(owner: object, key: string, work: () => void): void {
    const { driver, stream } = this.context;
    const works = this.#worksOf(owner);
    const graph = works.get(key);
    if (graph !== undefined) {
      driver.launchGraph(graph, stream);
      return;
    }
    if (!works.has(key)) {
      this.memory.sealed(key, work);
      works.set(key, undefined);
      return;
    }
    const captured = driver.capture(stream, () => this.memory.sealed(key, work));
    works.set(key, captured);
    this.#graphs.push(captured);
    driver.launchGraph(captured, stream);
  }

  dispose(): void {
    for (const graph of this.#graphs.splice(0)) this.context.driver.destroyGraph(graph);
  }

  #worksOf(owner: object): Map<string, Graph | undefined> {
    const known = this.#works.get(owner);
    if (known !== undefined) return known;
    const works = new Map<string, Graph | undefined>();
    this.#works.set(owner, works);
    return works;
  }
}
