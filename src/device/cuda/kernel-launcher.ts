// Launches the kernels of kernels/*.cu. A source is compiled for a scalar type when one of its kernels is first used,
// and stays loaded. Owns the scratch memory through which one launch passes results to the next. Knows no operations.

import type { FloatType, Tensor } from '../tensor.js';
import { type AttentionModule, attentionParameters, cachedAttentionFile } from './attention-launches.js';
import type { CardContext } from './card-context.js';
import type { Module } from './driver.js';
import type { Geometry, KernelFunction } from './launch-arguments.js';
import { type KernelName, kernelParameters, type ScalarBytes } from './launches.js';

/** A number, a tensor (passed as its address), or undefined (passed as 0). */
export type Argument = Tensor | number | undefined;

type Defines = Readonly<Record<string, string | number>>;

export interface LauncherTools extends CardContext {
  /** The machine code of a source for this card. */
  readonly image: (file: string, defines: Defines) => Uint8Array;
  /** Memory that is never freed. */
  readonly scratch: (label: string, bytes: number) => number;
}

/** SCALAR in the kernel sources. */
const scalarNames = { f32: 'float', bf16: 'bf16', f16: 'half' } as const satisfies Record<FloatType, string>;
/** Enough for models of usual sizes; if more is needed, the first step allocates it. */
const usualScratchBytes = 16 * 2 ** 20;

const files = {
  'products.cu': [
    'add_bias',
    'add_bias_activation',
    'activation_gradient',
    'add_bias_gradient',
    'one_row',
    'few_rows',
    'one_row_transposed',
    'few_rows_transposed',
  ],
  'rows.cu': [
    'sum_rows',
    'add_slices',
    'gather_rows',
    'scatter_rows',
    'sum',
    'sum_of_squares',
    'add_partials',
  ],
  'embedding.cu': ['embedding', 'embedding_backward'],
  'layernorm.cu': ['layernorm', 'residual_layernorm', 'layernorm_backward'],
  'cross-entropy.cu': ['cross_entropy'],
  'adamw.cu': ['prepare_update', 'adamw', 'adamw_narrow'],
} as const satisfies Record<string, readonly KernelName[]>;

export class KernelLauncher {
  readonly #functions = new Map<string, KernelFunction>();
  readonly #modules = new Map<string, Module>();
  #scratch: { readonly address: number; readonly bytes: number };

  constructor(readonly tools: LauncherTools) {
    this.#scratch = { address: tools.scratch('workspace', usualScratchBytes), bytes: usualScratchBytes };
  }

  /** @param type the scalar type of the call */
  launch(kernel: KernelName, type: FloatType, geometry: Geometry, values: readonly Argument[]): void {
    const key = `${kernel} ${type}`;
    const known = this.#functions.get(key);
    if (known !== undefined) {
      this.#run(known, geometry, values);
      return;
    }
    const module = this.#module(fileOf(kernel), { SCALAR: scalarNames[type] });
    const found = this.tools.driver.function(module, kernel, kernelParameters[kernel]);
    this.#functions.set(key, found);
    this.#run(found, geometry, values);
  }

  launchAttention(
    kernel: keyof typeof attentionParameters,
    type: FloatType,
    source: AttentionModule | undefined,
    geometry: Geometry,
    values: readonly Argument[],
  ): void {
    const { file, defines } = source ?? { file: cachedAttentionFile, defines: {} };
    const key = [kernel, type, file, ...Object.values(defines)].join(' ');
    let found = this.#functions.get(key);
    if (found === undefined) {
      const module = this.#module(file, { SCALAR: scalarNames[type], ...defines });
      found = this.tools.driver.function(module, kernel, attentionParameters[kernel]);
      this.#functions.set(key, found);
    }
    this.#run(found, geometry, values);
  }

  /**
   * The address of scratch memory for what one launch leaves to the next. When it grows, the smaller one stays
   * allocated for the graphs that refer to it.
   */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes)
      this.#scratch = { address: this.tools.scratch('workspace', bytes), bytes };
    return this.#scratch.address;
  }

  /** Launches nothing if the geometry has no blocks. */
  #run(kernel: KernelFunction, geometry: Geometry, values: readonly Argument[]): void {
    if (geometry.grid.includes(0)) return;
    const { driver, stream } = this.tools;
    driver.launch(
      kernel,
      geometry,
      stream,
      values.map((value) => (typeof value === 'object' ? value.address : (value ?? 0))),
    );
  }

  #module(file: string, defines: Defines): Module {
    const key = JSON.stringify([file, defines]);
    const known = this.#modules.get(key);
    if (known !== undefined) return known;
    const module = this.tools.driver.loadModule(this.tools.image(file, defines));
    this.#modules.set(key, module);
    return module;
  }
}

export function scalarType({ dtype, storage }: Tensor): FloatType {
  if (dtype === 'i32' || dtype === 'q8') throw new Error(`${storage.label} holds integers`);
  return dtype;
}

export function scalarBytes(type: FloatType): ScalarBytes {
  return type === 'f32' ? 4 : 2;
}

function fileOf(kernel: KernelName): string {
  for (const [file, kernels] of Object.entries(files))
    if (kernels.some((known) => known === kernel)) return file;
  throw new RangeError(`no file has the kernel ${kernel}`);
}
