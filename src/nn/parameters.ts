// All parameters of a model lie in one flat buffer, matrices first, so that AdamW and the gradient norm are one long
// sweep each and weight decay (matrices only) is a range. Each parameter is a view that starts on a 64-byte border; the gap
// before it stays zero in values and gradients alike.
//
// In mixed precision the buffer stands twice: float32 masters, which the optimizer moves, and a copy in the precision
// that the model computes in, which the layers read, except for what they read in float32 in any case. A model that is only
// read has no masters; what it keeps in another type than it computes in, narrow matrices and exact vectors, are
// buffers of their own.

import type { Allocator, Device, Precision } from '../device/device.js';
import { bytesPerElement, type DType, type Tensor } from '../device/tensor.js';

export interface ParameterShape {
  /** As in GPT2Model.state_dict(): `h.0.attn.c_attn.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Of a vector: layers read it in f32, whatever the model computes in. */
  readonly exact?: boolean;
  /** Rows to leave room for, where more than shape[0]; those beyond it stay zero. */
  readonly reservedRows?: number;
}

export interface ParameterOptions {
  /** Whether there are gradients. */
  readonly trainable: boolean;
  /** What the model computes in; default: fp32. */
  readonly precision?: Precision;
  /** What matrices are kept in where the model is only read; default: `precision`. */
  readonly weights?: Precision;
}

/** Tensors of one parameter, or of it with the rows that are reserved for it. */
export interface Parameter {
  readonly name: string;
  /** What layers read. */
  readonly value: Tensor;
  /** f32 where the model is trainable: what is trained and saved. The memory of `value` unless precision is mixed. */
  readonly master: Tensor;
  /** f32, same shape. @throws Error where the model was made for inference. */
  readonly gradient: Tensor;
}

export const dtypeOf = { fp32: 'f32', bf16: 'bf16', fp16: 'f16' } as const satisfies Record<Precision, DType>;
const alignmentBytes = 64;
const elementsOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** Where the views of a parameter come from. */
interface Home {
  readonly values: Tensor;
  readonly masters: Tensor;
  readonly gradients: Tensor | undefined;
}

export class Parameters {
  /**
   * `decayed` elements of matrices first, then the vectors (biases and layernorms). f32 in a trainable model, which has
   * all of them here; in one that is only read what is kept in another type is not among them.
   */
  readonly values: Tensor;
  /** `values` in the precision that the model computes in, where that is mixed; else undefined. */
  readonly working: Tensor | undefined;
  /** f32, laid out as `values`; undefined for inference. */
  readonly gradients: Tensor | undefined;
  /** How many elements at the start of `values` take part in weight decay. */
  readonly decayed: number;
  /** What the layers compute in. */
  readonly dtype: DType;
  private readonly places = new Map<string, { readonly shape: ParameterShape; readonly offset: number }>();
  private readonly matrices: Home;
  private readonly vectors: Home;
  private readonly exact: Home;

  /** @param shapes in the order in which they are saved. */
  constructor(allocator: Allocator, shapes: readonly ParameterShape[], options: ParameterOptions) {
    const { trainable, precision = 'fp32', weights = precision } = options;
    if (trainable && weights !== precision)
      throw new Error(`a trainable model that computes in ${precision} keeps no matrices in ${weights}`);
    const dtype = dtypeOf[precision];
    const matrixType = dtypeOf[weights];
    const matrices = place(
      shapes.filter(({ shape }) => shape.length > 1),
      matrixType,
    );
    const apart = matrixType !== dtype;
    const mixed = trainable && dtype !== 'f32';
    const exactApart = !trainable && dtype !== 'f32';
    const isExact = ({ exact = false }: ParameterShape) => exact && exactApart;
    const vectors = place(
      shapes.filter((shape) => shape.shape.length === 1 && !isExact(shape)),
      dtype,
    );
    const exact = place(shapes.filter(isExact), 'f32');
    this.dtype = dtype;
    this.decayed = apart ? 0 : matrices.size;
    const size = [this.decayed + vectors.size];
    this.values = allocator.allocate(mixed ? 'master weights' : 'weights', size, trainable ? 'f32' : dtype);
    this.working = mixed ? allocator.allocate('weights', size, dtype) : undefined;
    this.gradients = trainable ? allocator.allocate('gradients', size) : undefined;
    this.vectors = {
      values: this.working ?? this.values,
      masters: this.values,
      gradients: this.gradients,
    };
    const alone = (size: number, type: DType): Home => {
      const values = allocator.allocate('weights', [size], type);
      return { values, masters: values, gradients: undefined };
    };
    this.matrices = apart ? alone(matrices.size, matrixType) : this.vectors;
    this.exact = exactApart ? alone(exact.size, 'f32') : { ...this.vectors, values: this.values };
    for (const shape of shapes) {
      const { name } = shape;
      const offset =
        matrices.offsets.get(name) ??
        exact.offsets.get(name) ??
        this.decayed + (vectors.offsets.get(name) ?? 0);
      this.places.set(name, { shape, offset });
    }
  }

  get(name: string): Parameter {
    return this.at(name, ({ shape }) => shape);
  }

  /** The parameter with the rows that are reserved for it. */
  reserved(name: string): Parameter {
    return this.at(name, reservedShape);
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return Array.from(this.places.keys(), (name) => this.get(name)).values();
  }

  /** How many numbers the model learns (the gaps not counted). */
  get count(): number {
    let total = 0;
    for (const { shape } of this.places.values()) total += elementsOf(shape.shape);
    return total;
  }

  /** Gives a parameter its numbers. */
  load(device: Device, name: string, data: Float32Array): void {
    const { value, master } = this.get(name);
    device.upload(master, data);
    if (value !== master) device.upload(value, data);
  }

  private at(name: string, shapeOf: (shape: ParameterShape) => readonly number[]): Parameter {
    const found = this.places.get(name);
    if (!found) throw new Error(`the model has no parameter ${name}`);
    const shape = shapeOf(found.shape);
    const { shape: ownShape, exact } = found.shape;
    const home = ownShape.length > 1 ? this.matrices : exact ? this.exact : this.vectors;
    const value = home.values.view(found.offset, shape);
    const gradient = home.gradients?.view(found.offset, shape);
    return {
      name,
      value,
      master: home.masters === home.values ? value : home.masters.view(found.offset, shape),
      get gradient() {
        if (!gradient) throw new Error(`${name} has no gradient: the model was made for inference`);
        return gradient;
      },
    };
  }
}

function reservedShape({ shape, reservedRows }: ParameterShape): readonly number[] {
  const [rows = 0, ...rest] = shape;
  return reservedRows === undefined ? shape : [Math.max(rows, reservedRows), ...rest];
}

/** Where each of them starts, in elements, one behind the other. @param type the narrowest that they are kept in. */
function place(
  shapes: readonly ParameterShape[],
  type: DType,
): { readonly offsets: ReadonlyMap<string, number>; readonly size: number } {
  const alignment = alignmentBytes / bytesPerElement[type];
  const offsets = new Map<string, number>();
  let size = 0;
  for (const shape of shapes) {
    offsets.set(shape.name, size);
    size += Math.ceil(elementsOf(reservedShape(shape)) / alignment) * alignment;
  }
  return { offsets, size };
}
