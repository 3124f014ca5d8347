// All parameters of a model lie in one flat f32 buffer, matrices first, so that AdamW and the gradient norm are a few
// long sweeps and weight decay (matrices only) is a range. Each parameter is a view that starts on a 64-byte border;
// the gap before it stays zero in values and gradients alike.

import type { Allocator } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';

export interface ParameterShape {
  /** As in GPT2Model.state_dict(): `h.0.attn.c_attn.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
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

const alignment = 16;
const aligned = (elements: number) => Math.ceil(elements / alignment) * alignment;
const elementsOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

export class Parameters {
  /** f32, every value; `decayed` elements of matrices first, then the vectors (biases and layernorms). */
  readonly values: Tensor;
  /** f32, laid out as `values`; undefined for inference. */
  readonly gradients: Tensor | undefined;
  /** How many elements at the start take part in weight decay. */
  readonly decayed: number;
  private readonly byName = new Map<string, Parameter>();

  /** @param shapes in the order in which they are saved. */
  constructor(allocator: Allocator, shapes: readonly ParameterShape[], trainable: boolean) {
    const offsets = new Map<string, number>();
    let end = 0;
    const place = (wanted: (shape: readonly number[]) => boolean) => {
      for (const { name, shape } of shapes) {
        if (!wanted(shape)) continue;
        offsets.set(name, end);
        end += aligned(elementsOf(shape));
      }
    };
    place((shape) => shape.length > 1);
    this.decayed = end;
    place((shape) => shape.length === 1);

    this.values = allocator.allocate('weights', [end]);
    this.gradients = trainable ? allocator.allocate('gradients', [end]) : undefined;
    for (const { name, shape } of shapes) {
      const offset = offsets.get(name) ?? 0;
      const parameter = new Parameter(
        name,
        this.values.view(offset, shape),
        this.gradients?.view(offset, shape),
      );
      this.byName.set(name, parameter);
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
