// What a launch needs: a kernel, its geometry, and its arguments in the form cuLaunchKernel takes, an array of pointers to
// values of the parameters' types.

import koffi from 'koffi';

export const mostParameters = 32;

export type ParameterType = 'pointer' | 'i64' | 'i32' | 'f32' | 'f64';

export interface Geometry {
  /** Blocks in x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Threads per block in x, y and z. */
  readonly block: readonly [number, number, number];
  /** Dynamic shared memory per block. */
  readonly sharedBytes: number;
}

/** A kernel of a loaded module. */
export interface KernelFunction {
  readonly name: string;
  readonly handle: number;
  readonly parameters: readonly ParameterType[];
  /** The most dynamic shared memory that it has been granted so far. */
  readonly state: { sharedBytes: number };
}

/** Packs the arguments of a launch. The buffers are reused for each launch. */
export class LaunchArguments {
  readonly #bytes = new ArrayBuffer(8 * mostParameters);
  readonly #words = new Int32Array(this.#bytes);
  readonly #floats = new Float32Array(this.#bytes);
  readonly #doubles = new Float64Array(this.#bytes);
  readonly #pointers = BigUint64Array.from(
    { length: mostParameters },
    (_, at) => koffi.address(this.#bytes) + BigInt(8 * at),
  );

  pack({ name, parameters }: KernelFunction, values: readonly number[]): BigUint64Array {
    if (values.length !== parameters.length)
      throw new RangeError(`${name} takes ${parameters.length} arguments, not ${values.length}`);
    for (let at = 0; at < values.length; at++) this.#place(at, parameters[at], values[at] ?? 0);
    return this.#pointers;
  }

  #place(at: number, type: ParameterType | undefined, value: number): void {
    if (type === 'f32') this.#floats[2 * at] = value;
    else if (type === 'f64') this.#doubles[at] = value;
    else {
      this.#words[2 * at] = value;
      if (type !== 'i32') this.#words[2 * at + 1] = Math.floor(value / 2 ** 32);
    }
  }
}
