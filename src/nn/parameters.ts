// All parameters of a model lie in one flat f32 buffer, matrices first, so that AdamW and the gradient norm are a few
// long sweeps and weight decay (matrices only) is a range. Each parameter is a view that starts on a 64-byte border;
// the gap before it stays zero in values and gradients alike. A model that is only read may have its matrices in a
// narrower type; they are a buffer of their own then, and vectors, which are next to nothing, stay f32.

import type { Allocator, Precision } from '../device/device.js';
import { bytesPerElement, type DType, type Tensor } from '../device/tensor.js';

export interface ParameterShape {
  /** As in GPT2Model.state_dict(): `h.0.attn.c_attn.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ParameterOptions {
  /** Whether there are gradients. */
  readonly trainable: boolean;
  /** What matrices are kept in; default: fp32. Not together with `trainable`. */
  readonly weights?: Precision;
}

export class Parameter {
  constructor(
    readonly name: string,
    readonly value: Tensor,
    private readonly gradientOrNone: Tensor | undefined,
  ) {}

  /** Same shape as `value`. */
  get gradient(): Tensor {
    if (!this.gradientOrNone)
      throw new Error(`${this.name} has no gradient: the model was made for inference`);
    return this.gradientOrNone;
  }
}

const typeOf = { fp32: 'f32', bf16: 'bf16', fp16: 'f16' } as const satisfies Record<Precision, DType>;
const alignmentBytes = 64;
const elementsOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

export class Parameters {
  /**
   * f32: `decayed` elements of matrices first, then the vectors (biases and layernorms). Matrices that are kept in
   * another type are not among them.
   */
  readonly values: Tensor;
  /** f32, laid out as `values`; undefined for inference. */
  readonly gradients: Tensor | undefined;
  /** How many elements at the start of `values` take part in weight decay. */
  readonly decayed: number;
  private readonly byName = new Map<string, Parameter>();

  /** @param shapes in the order in which they are saved. */
  constructor(
    allocator: Allocator,
    shapes: readonly ParameterShape[],
    { trainable, weights }: ParameterOptions,
  ) {
    if (trainable && weights !== undefined)
      throw new Error(`a trainable model has float32 weights, not ${weights} ones`);
    const type = typeOf[weights ?? 'fp32'];
    const matrices = place(
      shapes.filter(({ shape }) => shape.length > 1),
      type,
    );
    const vectors = place(
      shapes.filter(({ shape }) => shape.length === 1),
      'f32',
    );
    const narrow = type === 'f32' ? undefined : allocator.allocate('weights', [matrices.size], type);
    this.decayed = narrow ? 0 : matrices.size;
    this.values = allocator.allocate('weights', [this.decayed + vectors.size]);
    this.gradients = trainable ? allocator.allocate('gradients', this.values.shape) : undefined;
    for (const { name, shape } of shapes) {
      const inMatrices = matrices.offsets.get(name);
      const offset = inMatrices ?? this.decayed + (vectors.offsets.get(name) ?? 0);
      const home = inMatrices === undefined ? this.values : (narrow ?? this.values);
      this.byName.set(
        name,
        new Parameter(name, home.view(offset, shape), this.gradients?.view(offset, shape)),
      );
    }
  }

  get(name: string): Parameter {
    const parameter = this.byName.get(name);
    if (!parameter) throw new Error(`the model has no parameter ${name}`);
    return parameter;
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return this.byName.values();
  }

  /** How many numbers the model learns (the gaps not counted). */
  get count(): number {
    let total = 0;
    for (const { value } of this.byName.values()) total += value.size;
    return total;
  }
}

/** Where each of them starts, in elements of that type, one behind the other. */
function place(
  shapes: readonly ParameterShape[],
  type: DType,
): { readonly offsets: ReadonlyMap<string, number>; readonly size: number } {
  const alignment = alignmentBytes / bytesPerElement[type];
  const offsets = new Map<string, number>();
  let size = 0;
  for (const { name, shape } of shapes) {
    offsets.set(name, size);
    size += Math.ceil(elementsOf(shape) / alignment) * alignment;
  }
  return { offsets, size };
}
