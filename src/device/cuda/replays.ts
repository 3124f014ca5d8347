// Work that repeats, as CUDA graphs: run once as it is, so that kernels are compiled and algorithms chosen, captured the
// second time, launched as one from then on. Knows not what the work is.

import type { CardContext } from './card-context.js';
import type { Graph } from './driver.js';
import type { CudaMemory } from './memory.js';

export class Replays {
  /** Undefined where the work has run, but is not captured yet. */
  readonly #graphs = new Map<string, Graph | undefined>();

  constructor(
    readonly context: CardContext,
    readonly memory: CudaMemory,
  ) {}

  run(key: string, work: () => void): void {
    const { driver, stream } = this.context;
    const graph = this.#graphs.get(key);
    if (graph !== undefined) {
      driver.launchGraph(graph, stream);
      return;
    }
    if (!this.#graphs.has(key)) {
      this.memory.sealed(key, work);
      this.#graphs.set(key, undefined);
      return;
    }
    const captured = driver.capture(stream, () => this.memory.sealed(key, work));
    this.#graphs.set(key, captured);
    driver.launchGraph(captured, stream);
  }

  dispose(): void {
    for (const graph of this.#graphs.values())
      if (graph !== undefined) this.context.driver.destroyGraph(graph);
    this.#graphs.clear();
  }
}
