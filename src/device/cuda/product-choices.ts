// Chooses how each matrix product is computed: with its epilogue fused or in kernels of its own, and by which of
// cuBLASLt's algorithms. Neither fused is always faster, nor is the first algorithm always the best one. The choice
// decides how results round. It is therefore made once: a run that resumes repeats the choices of its checkpoint, other
// runs those in the cache, and only what neither knows is measured. Knows nothing of tensors.

import { oneLine } from '../../quote.js';
import type { MeasuredChoices } from '../device.js';
import type { Algorithm, PreparedProduct } from './cublaslt.js';
import type { MeasuredProduct, ProductCache } from './product-cache.js';

/** One way to compute a product. */
export interface Candidate {
  /** What is fused, for example `fused`. */
  readonly way: string;
  readonly prepared: PreparedProduct;
  readonly algorithm: Algorithm;
}

export class ProductChoices {
  /** By product: the candidates that have not failed, the chosen one first. */
  readonly #ranked = new Map<string, Candidate[]>();
  readonly #recorded = new Map<string, string>();

  /**
   * @param madeOn what the choices depend on, apart from the product: the card, and the version of cuBLASLt
   * @param onNote is told if a recorded choice cannot be repeated
   */
  constructor(
    readonly cache: ProductCache,
    readonly madeOn: string,
    readonly onNote: (text: string) => void = () => {},
  ) {}

  /**
   * The candidates for a product, the chosen one first. The caller removes a candidate that fails.
   * @param propose all candidates, in the order of preference without a measurement
   * @param measure milliseconds of those that work; undefined if they cannot be measured
   */
  ranked(
    product: string,
    propose: () => Candidate[],
    measure: (candidates: readonly Candidate[]) => ReadonlyMap<Candidate, number> | undefined,
  ): Candidate[] {
    const known = this.#ranked.get(product);
    if (known !== undefined) return known;
    const candidates = propose();
    const ranked = this.#repeated(product, candidates) ?? this.#measured(product, candidates, measure);
    this.#ranked.set(product, ranked);
    return ranked;
  }

  /** For display: each product of this device so far, what is used, and what was measured. */
  all(): MeasuredProduct[] {
    return [...this.#chosen()].map(([product, chosen]) => ({
      product,
      chosen,
      measured: this.cache.find(product)?.measured ?? [],
    }));
  }

  /** The choices so far, together with those that were recorded and not needed yet. */
  made(): MeasuredChoices {
    return { madeOn: this.madeOn, chosen: Object.fromEntries([...this.#recorded, ...this.#chosen()]) };
  }

  /**
   * Later products are computed as recorded.
   * @returns why the record does not apply here; null if it does
   */
  repeat({ madeOn, chosen }: MeasuredChoices): string | null {
    if (madeOn !== this.madeOn) return `that was on ${madeOn}, and this is ${this.madeOn}`;
    for (const [product, choice] of Object.entries(chosen)) this.#recorded.set(product, choice);
    return null;
  }

  #chosen(): Map<string, string> {
    const chosen = new Map<string, string>();
    for (const [product, [first]] of this.#ranked)
      if (first !== undefined) chosen.set(product, nameOf(first));
    return chosen;
  }

  /** undefined if nothing is known about the product. */
  #repeated(product: string, candidates: readonly Candidate[]): Candidate[] | undefined {
    const recorded = this.#recorded.get(product);
    const first = withFirst(candidates, recorded);
    if (first !== undefined) return first;
    if (recorded !== undefined)
      this.onNote(
        `a matrix product cannot be computed as in the checkpoint (${product}: ${oneLine(recorded, 80)}), so results may round differently`,
      );
    return withFirst(candidates, this.cache.find(product)?.chosen);
  }

  #measured(
    product: string,
    candidates: Candidate[],
    measure: (candidates: readonly Candidate[]) => ReadonlyMap<Candidate, number> | undefined,
  ): Candidate[] {
    // Without a cache, the next run might measure otherwise and round otherwise.
    const times = this.cache.keeps && candidates.length > 1 ? measure(candidates) : undefined;
    if (times === undefined) return candidates;
    const ranked = [...times].sort(([, one], [, other]) => one - other);
    const [best] = ranked;
    if (best === undefined) return [];
    this.cache.keep({
      product,
      chosen: nameOf(best[0]),
      measured: ranked.map(([{ way, algorithm }, milliseconds]) => ({
        way,
        algorithm: algorithm.id,
        milliseconds,
      })),
    });
    return ranked.map(([candidate]) => candidate);
  }
}

function nameOf({ way, algorithm }: Candidate): string {
  return `${way} ${algorithm.id}`;
}

/** The candidates with the one of that name first; undefined if none has it. */
function withFirst(candidates: readonly Candidate[], name: string | undefined): Candidate[] | undefined {
  const found = candidates.find((candidate) => nameOf(candidate) === name);
  return found && [found, ...candidates.filter((candidate) => candidate !== found)];
}
