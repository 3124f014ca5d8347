// All parameters of a model are in one flat buffer, matrices first. AdamW and the gradient norm are therefore one pass over
// memory each, and weight decay (matrices only) applies to a contiguous range. Each parameter is a view aligned to 64 bytes;
// the gap before it stays zero in values and gradients.
//
// In mixed precision there are two buffers: float32 master weights, which the optimizer updates, and a working copy in the
// model's precision, which the layers read, except for parameters that they always read in float32, and for matrices where the
// device rounds them as it reads them. An inference model has no master weights. Its parameters in a dtype other than the model's (bf16 matrices, exact vectors) have separate buffers.

import {
  type Allocator,
  type Device,
  dtypeOf,
  type Precision,
  type WeightPrecision,
} from '../device/device.js';
import { blockSize, bytesPerElement, type DType, type Tensor } from '../device/tensor.js';

export interface ParameterShape {
  /** As in GPT2Model.state_dict(): `h.0.attn.c_attn.weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** For a vector: layers always read it in f32, even in mixed precision. */
  readonly exact?: boolean;
  /** For a matrix: whether layers multiply it from the right, [in,out], as opposed to a table that is also read by rows. */
  readonly linear?: boolean;
  /** For a matrix: whether layers multiply rows with it. */
  readonly multiplied?: boolean;
  /** The number of rows to reserve, if more than shape[0]. The extra rows stay zero. */
  readonly reservedRows?: number;
}

export interface ParameterOptions {
  /** Whether to allocate gradients. */
  readonly trainable: boolean;
  /** The precision that the model computes in. Default: fp32. */
  readonly precision?: Precision;
  /** The precision that an inference model stores its matrices in. Default: `precision`. */
  readonly weights?: WeightPrecision;
  /**
   * Whether products keep the matrices as the device packs them, if it gains from that: those of forward, and of backward in a
   * trainable model. Worth the memory where several batches are computed between updates.
   */
  readonly packed?: boolean;
  /** Whether layers read the master weights of matrices in mixed precision, because the device rounds them. Default: false. */
  readonly rounds?: boolean;
}

/** Memory for `packedB` of a matrix's products, which need another order in backward; empty where it is not kept. */
export interface PackedForms {
  readonly forward?: Tensor;
  readonly backward?: Tensor;
}

/** The tensors of one parameter, with or without its reserved rows. */
export interface Parameter {
  readonly name: string;
  /** The tensor that layers read. */
  readonly value: Tensor;
  /** Whether it is stored as [out,in], so that the numbers that are added up share the scales of blocks. */
  readonly transposed: boolean;
  /** The tensor that is trained and saved; f32 in a trainable model. Aliases `value` unless precision is mixed. */
  readonly master: Tensor;
  /** f32, same shape. @throws Error if the model was made for inference. */
  readonly gradient: Tensor;
  readonly packed: PackedForms;
}

const alignmentBytes = 64;
const elementsOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);

/** The buffers that a parameter's tensors are views of. */
interface Buffers {
  readonly values: Tensor;
  /** How far into the other buffers `values` starts. */
  readonly valuesFrom: number;
  readonly masters: Tensor;
  readonly gradients: Tensor | undefined;
}

export class Parameters {
  /**
   * First `decayed` elements of matrices, then the vectors (biases and layernorms). In a trainable model this is f32 and
   * holds all parameters. In an inference model it does not hold the parameters stored in another dtype.
   */
  readonly values: Tensor;
  /** The working copy of the end of `values` in the model's precision, in mixed precision; otherwise undefined. */
  readonly working: Tensor | undefined;
  /** f32, same layout as `values`; undefined for inference. */
  readonly gradients: Tensor | undefined;
  /** The number of elements at the start of `values` that weight decay applies to. */
  readonly decayed: number;
  /** The dtype that the layers compute in. */
  readonly dtype: DType;
  private readonly locations = new Map<string, { readonly shape: ParameterShape; readonly offset: number }>();
  private readonly matrices: Buffers;
  private readonly vectors: Buffers;
  private readonly exact: Buffers;
  private readonly packed: ReadonlyMap<string, PackedForms>;

  /** @param shapes in the order of the saved file. */
  constructor(allocator: Allocator, shapes: readonly ParameterShape[], options: ParameterOptions) {
    const { trainable, precision = 'fp32', weights = precision, packed = false, rounds = false } = options;
    if (trainable && weights !== precision)
      throw new Error(
        `a trainable model that computes in ${precision} cannot store its matrices in ${weights}`,
      );
    const dtype = dtypeOf[precision];
    const matrixType = dtypeOf[weights];
    const matrices = layOut(
      shapes.filter(({ shape }) => shape.length > 1),
      matrixType,
    );
    const matricesApart = matrixType !== dtype;
    const mixed = trainable && dtype !== 'f32';
    const exactApart = !trainable && dtype !== 'f32';
    const isExact = ({ exact = false }: ParameterShape) => exact && exactApart;
    const vectors = layOut(
      shapes.filter((shape) => shape.shape.length === 1 && !isExact(shape)),
      dtype,
    );
    const exact = layOut(shapes.filter(isExact), 'f32');
    this.dtype = dtype;
    this.decayed = matricesApart ? 0 : matrices.size;
    const size = [this.decayed + vectors.size];
    this.values = allocator.allocate(mixed ? 'master weights' : 'weights', size, trainable ? 'f32' : dtype);
    const workingSize = [rounds ? vectors.size : this.decayed + vectors.size];
    this.working = mixed ? allocator.allocate('weights', workingSize, dtype) : undefined;
    this.gradients = trainable ? allocator.allocate('gradients', size) : undefined;
    const masters = { values: this.values, valuesFrom: 0, masters: this.values, gradients: this.gradients };
    this.vectors = this.working
      ? { ...masters, values: this.working, valuesFrom: this.values.size - this.working.size }
      : masters;
    const separate = (size: number, type: DType): Buffers => {
      const values = allocator.allocate('weights', [size], type);
      return { values, valuesFrom: 0, masters: values, gradients: undefined };
    };
    if (matricesApart) this.matrices = separate(matrices.size, matrixType);
    else this.matrices = rounds ? masters : this.vectors;
    this.exact = exactApart ? separate(exact.size, 'f32') : masters;
    this.packed = new Map(
      shapes
        .filter(({ multiplied }) => packed && multiplied)
        .map((shape) => [shape.name, packedForms(allocator, reservedShape(shape), dtype, trainable)]),
    );
    for (const shape of shapes) {
      const { name } = shape;
      const offset =
        matrices.offsets.get(name) ??
        exact.offsets.get(name) ??
        this.decayed + (vectors.offsets.get(name) ?? 0);
      this.locations.set(name, { shape, offset });
    }
  }

  get(name: string): Parameter {
    return this.at(name, ({ shape }) => shape);
  }

  /** The parameter including its reserved rows. */
  reserved(name: string): Parameter {
    return this.at(name, reservedShape);
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return Array.from(this.locations.keys(), (name) => this.get(name)).values();
  }

  /** The number of parameters, without the gaps. */
  get count(): number {
    let total = 0;
    for (const { shape } of this.locations.values()) total += elementsOf(shape.shape);
    return total;
  }

  /** Uploads a parameter's values, in mixed precision to both copies. */
  load(device: Device, name: string, data: Float32Array): void {
    const { value, master, transposed } = this.get(name);
    device.upload(master, transposed ? transposedMatrix(data, value.shape) : data);
    if (value !== master) device.upload(value, data);
  }

  private at(name: string, shapeOf: (shape: ParameterShape) => readonly number[]): Parameter {
    const found = this.locations.get(name);
    if (!found) throw new Error(`the model has no parameter ${name}`);
    const shape = shapeOf(found.shape);
    const { shape: ownShape, exact, linear = false } = found.shape;
    const transposed = linear && this.matrices.values.dtype === 'q8';
    const buffers = ownShape.length > 1 ? this.matrices : exact ? this.exact : this.vectors;
    const value = buffers.values.view(
      found.offset - buffers.valuesFrom,
      transposed ? shape.toReversed() : shape,
    );
    const gradient = buffers.gradients?.view(found.offset, shape);
    return {
      name,
      value,
      transposed,
      master: buffers.masters === buffers.values ? value : buffers.masters.view(found.offset, shape),
      get gradient() {
        if (!gradient) throw new Error(`${name} has no gradient: the model was made for inference`);
        return gradient;
      },
      packed: this.packed.get(name) ?? {},
    };
  }
}

function packedForms(
  allocator: Allocator,
  shape: readonly number[],
  dtype: DType,
  trainable: boolean,
): PackedForms {
  const size = allocator.packedSize(shape, dtype);
  if (size === 0) return {};
  const allocate = () => allocator.allocate('packed weights', [size], dtype);
  return { forward: allocate(), ...(trainable && { backward: allocate() }) };
}

/** @param shape of the result */
function transposedMatrix(data: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[row * columns + column] = data[column * rows + row] ?? 0;
  return result;
}

function reservedShape({ shape, reservedRows }: ParameterShape): readonly number[] {
  const [rows = 0, ...rest] = shape;
  return reservedRows === undefined ? shape : [Math.max(rows, reservedRows), ...rest];
}

/** The offset of each parameter in a buffer, in elements. @param type the narrowest dtype that they are stored in. */
function layOut(
  shapes: readonly ParameterShape[],
  type: DType,
): { readonly offsets: ReadonlyMap<string, number>; readonly size: number } {
  // In q8, the first number of a block that starts at such an address.
  const alignment = type === 'q8' ? blockSize * 32 : alignmentBytes / bytesPerElement[type];
  const offsets = new Map<string, number>();
  let size = 0;
  for (const shape of shapes) {
    offsets.set(shape.name, size);
    size += Math.ceil(elementsOf(reservedShape(shape)) / alignment) * alignment;
  }
  return { offsets, size };
}
