// Reads pytorch_model.bin: a pickled dict of tensors, in the zip format of PyTorch 1.6 and later or in the legacy format
// (torch/serialization.py). Only the parts of the pickle that describe tensors are interpreted. Elements are read on demand.

import { readZipDirectory, type ZipEntry } from '../files/zip.js';
import { quoted } from '../quote.js';
import { type ElementType, elementBytes, isFloatType, toFloat32 } from './element-types.js';
import { ByteSource, type PickleContext, type PickleFunction, unpickle } from './pickle.js';
import { BinaryFile, elementCount, type WeightFile } from './weight-file.js';

/** A storage: a sequence of elements that several tensors may share. */
class Storage {
  constructor(
    readonly type: ElementType,
    readonly key: string,
    readonly elements: number,
  ) {}

  get bytes(): number {
    return this.elements * elementBytes[this.type];
  }
}

/** A view of a storage: element (i, j, ...) is at offset + i * strides[0] + j * strides[1] + ... */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  get type(): ElementType {
    return this.storage.type;
  }

  get isEmpty(): boolean {
    return this.shape.includes(0);
  }

  /** The number of storage elements from the first to the last that the view uses, both included. */
  get span(): number {
    if (this.isEmpty) return 0;
    return this.shape.reduce((sum, extent, axis) => sum + (extent - 1) * (this.strides[axis] ?? 0), 1);
  }

  get isContiguous(): boolean {
    if (this.isEmpty) return true;
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      if (this.shape[axis] !== 1 && this.strides[axis] !== stride) return false;
      stride *= this.shape[axis] ?? 1;
    }
    return true;
  }

  /** Whether no two indices share an element. Otherwise a small storage could have a view with a huge shape. */
  get isInjective(): boolean {
    const axes = this.shape.map((extent, axis) => ({ extent, stride: this.strides[axis] ?? 0 }));
    let filled = 1;
    for (const { extent, stride } of axes
      .filter((axis) => axis.extent > 1)
      .sort((a, b) => a.stride - b.stride)) {
      if (stride < filled) return false;
      filled = stride * (extent - 1) + filled;
    }
    return true;
  }
}

class StorageClass {
  constructor(readonly type: ElementType) {}
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && typeof value === 'number' && value >= 0;
}

/** PyTorch's limit. */
const mostDimensions = 64;

/**
 * A frozen copy of a list of sizes: the pickle could append to the original list after this check. Undefined if `value` is
 * not a list of sizes.
 */
function sizesOf(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length > mostDimensions) return undefined;
  const sizes: readonly unknown[] = [...value];
  return sizes.every(isSize) ? Object.freeze(sizes) : undefined;
}

function rebuildTensor(file: BinaryFile, args: readonly unknown[]): TensorView {
  const [storage, offset] = args;
  const shape = sizesOf(args[2]);
  const strides = sizesOf(args[3]);
  if (!(storage instanceof Storage) || !isSize(offset) || shape === undefined || strides === undefined)
    throw file.damaged('a tensor in it has an invalid storage, offset, shape or strides');
  const tensor = new TensorView(storage, offset, shape, strides);
  if (shape.length !== strides.length)
    throw file.damaged('a tensor in it does not have one stride per dimension');
  if (!tensor.isEmpty && !tensor.isInjective)
    throw file.fail(`has a tensor [${shape}] whose elements overlap; save it again after .contiguous()`);
  if (!(offset + tensor.span <= storage.elements))
    throw file.damaged(
      `a tensor [${shape}] in it extends beyond its storage of ${storage.elements} elements`,
    );
  return tensor;
}

function orderedDict(file: BinaryFile, [pairs = []]: readonly unknown[]): Map<unknown, unknown> {
  if (!Array.isArray(pairs)) throw file.damaged('an OrderedDict in it is not made of pairs');
  return new Map(
    pairs.map((pair: unknown) => {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw file.damaged('an OrderedDict in it is not made of pairs');
      return [pair[0], pair[1]];
    }),
  );
}

const storageClasses = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
} as const satisfies Record<string, ElementType>;

/** The globals that a tensor file may use. They are a subset of what torch.load(weights_only=True) allows. */
function tensorGlobals(file: BinaryFile): ReadonlyMap<string, unknown> {
  const rebuild: PickleFunction = (args) => rebuildTensor(file, args);
  const parameter: PickleFunction = ([data]) => data;
  const dict: PickleFunction = (args) => orderedDict(file, args);
  return new Map<string, unknown>([
    ['collections.OrderedDict', dict],
    ['torch._utils._rebuild_tensor', rebuild],
    ['torch._utils._rebuild_tensor_v2', rebuild],
    ['torch._utils._rebuild_parameter', parameter],
    ...Object.entries(storageClasses).map(
      ([name, type]) => [`torch.${name}`, new StorageClass(type)] as const,
    ),
  ]);
}

/** Collects storages by key. The pickle describes one as ('storage', class, key, device, elements[, view of another]). */
function storageCollector(file: BinaryFile): {
  storages: ReadonlyMap<string, Storage>;
  context: PickleContext;
} {
  const storages = new Map<string, Storage>();
  const persistent = (id: unknown): Storage => {
    const [kind, storageClass, key, , elements, view = null] = Array.isArray(id) ? id : [];
    if (
      kind !== 'storage' ||
      !(storageClass instanceof StorageClass) ||
      typeof key !== 'string' ||
      !isSize(elements)
    )
      throw file.damaged('a storage in it is not described as PyTorch does it');
    if (view !== null)
      throw file.fail('was written by PyTorch before 0.4; load and save it with a newer version');
    const known = storages.get(key);
    if (known === undefined) {
      const storage = new Storage(storageClass.type, key, elements);
      storages.set(key, storage);
      return storage;
    }
    if (known.type !== storageClass.type || known.elements !== elements)
      throw file.damaged(`it describes storage ${quoted(key)} in two ways`);
    return known;
  };
  return { storages, context: { globals: tensorGlobals(file), persistent } };
}

function tensorsOf(file: BinaryFile, pickled: unknown): ReadonlyMap<string, TensorView> {
  if (!(pickled instanceof Map)) throw file.fail('does not hold a dict of tensors; save model.state_dict()');
  const tensors = new Map<string, TensorView>();
  for (const [name, value] of pickled) {
    if (typeof name !== 'string') throw file.fail('does not hold tensors by name; save model.state_dict()');
    if (value instanceof TensorView) tensors.set(name, value);
  }
  if (tensors.size === 0) throw file.fail('holds no tensors; save model.state_dict()');
  return tensors;
}

interface Contents {
  readonly tensors: ReadonlyMap<string, TensorView>;
  /** The file position of each storage's first byte, by key. */
  readonly positions: ReadonlyMap<string, number>;
}

function readZip(file: BinaryFile): Contents {
  const entries = readZipDirectory(file);
  refuseCompression(file, entries);
  const [pickle = '', ...others] = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const pickleEntry = entries.get(pickle);
  if (pickleEntry === undefined || others.length > 0)
    throw file.fail('is a zip archive but not one that torch.save wrote: it has no data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined) checkByteOrder(file, order);
  const { storages, context } = storageCollector(file);
  const source = new ByteSource(file, pickleEntry.position, pickleEntry.position + pickleEntry.size);
  const tensors = tensorsOf(file, unpickle(source, context));
  const positions = new Map<string, number>();
  for (const [key, storage] of storages) {
    const entry = entries.get(`${folder}data/${key}`);
    if (entry === undefined || entry.size < storage.bytes)
      throw file.damaged(`it does not have all ${storage.bytes} bytes of storage ${quoted(key)}`);
    positions.set(key, entry.position);
  }
  return { tensors, positions };
}

/** Tensors are read from their place in the archive, so every entry must be stored as it is. */
function refuseCompression(file: BinaryFile, entries: ReadonlyMap<string, ZipEntry>): void {
  for (const [name, { encrypted, method }] of entries) {
    if (encrypted) throw file.fail(`has an encrypted entry ${quoted(name)}; save it without encryption`);
    if (method !== 0)
      throw file.fail(`has a compressed entry ${quoted(name)}; write the file again with torch.save`);
  }
}

function checkByteOrder(file: BinaryFile, { position, size }: ZipEntry): void {
  const order = new TextDecoder().decode(file.bytes(position, Math.min(size, 20)));
  if (order !== 'little')
    throw file.fail(`has byte order ${quoted(order)}; only "little" can be read, so save it as safetensors`);
}

/** The legacy format begins with 0x1950a86a20f9469cfc6c, pickled with protocol 2. */
const legacyStart = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
];

/** Layout: magic number, protocol version, system, the dict, the storages' keys; then each storage: i64 elements, bytes. */
function readLegacy(file: BinaryFile): Contents {
  const { storages, context } = storageCollector(file);
  const source = new ByteSource(file, legacyStart.length, file.size);
  const version = unpickle(source, context);
  if (version !== 1001)
    throw file.fail(
      `has version ${typeof version === 'number' ? version : 'unknown'} of PyTorch's legacy format; only 1001 can be read`,
    );
  const system = unpickle(source, context);
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw file.fail('is big-endian; only little-endian files can be read, so save it as safetensors');
  const tensors = tensorsOf(file, unpickle(source, context));
  const keys = unpickle(source, context);
  if (!Array.isArray(keys)) throw file.damaged('its list of storages is not a list');
  const positions = new Map<string, number>();
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || positions.has(key))
      throw file.damaged('its list of storages names an unknown one');
    const elements = Number(source.view(8).getBigInt64(0, true));
    if (elements !== storage.elements) throw file.damaged(`storage ${quoted(key)} has ${elements} elements`);
    positions.set(key, source.position);
    source.position += storage.bytes;
    if (source.position > file.size)
      throw file.damaged(`storage ${quoted(key)} extends beyond the end of the file`);
  }
  if (positions.size !== storages.size) throw file.damaged('some of its storages are missing');
  return { tensors, positions };
}

/** Copies a strided view into row-major order. @param elements the storage from the view's first element on. */
function gather(elements: Float32Array, { shape, strides }: TensorView): Float32Array {
  const result = new Float32Array(elementCount(shape));
  const index = shape.map(() => 0);
  let at = 0;
  for (let written = 0; written < result.length; written++) {
    result[written] = elements[at] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      at += strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      at -= next * (strides[axis] ?? 0);
    }
  }
  return result;
}

function readContents(file: BinaryFile): Contents {
  const start = file.bytes(0, Math.min(file.size, legacyStart.length));
  if (start[0] === 0x50 && start[1] === 0x4b) return readZip(file);
  if (legacyStart.every((byte, index) => start[index] === byte)) return readLegacy(file);
  throw file.fail(
    'is not a PyTorch file or is damaged: it does not begin like a file that torch.save writes',
  );
}

/** Never runs code from the file. @throws UserError (model) when it is damaged, big-endian, or asks to run code. */
export function openPytorchBin(path: string): WeightFile {
  const file = new BinaryFile(path);
  const { tensors, positions } = readContents(file);
  return {
    path,
    tensors,
    read(name) {
      const tensor = tensors.get(name);
      const position = tensor && positions.get(tensor.storage.key);
      if (tensor === undefined || position === undefined) throw file.fail(`has no tensor ${quoted(name)}`);
      const { type } = tensor;
      if (!isFloatType(type))
        throw file.fail(`has tensor ${quoted(name)} of type ${type}, which is not a floating-point type`);
      const bytes = file.bytes(
        position + tensor.offset * elementBytes[type],
        tensor.span * elementBytes[type],
      );
      const elements = toFloat32(bytes, type);
      return tensor.isContiguous ? elements : gather(elements, tensor);
    },
  };
}
