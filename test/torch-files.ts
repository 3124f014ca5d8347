// Builds small PyTorch files, valid and forged, from individual pickle opcodes.

export const op = (...bytes: number[]) => Buffer.from(bytes);
export const int = (value: number) => {
  const bytes = Buffer.alloc(5);
  bytes.write('J', 'latin1');
  bytes.writeInt32LE(value, 1);
  return bytes;
};
export const long = (value: bigint) => {
  const bytes = Buffer.alloc(10);
  bytes.set([0x8a, 8]);
  bytes.writeBigInt64LE(value, 2);
  return bytes;
};
export const text = (value: string) =>
  Buffer.from(`\x8c${String.fromCharCode(value.length)}${value}`, 'latin1');
export const global = (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`);
export const tuple = (...items: Uint8Array[]) =>
  Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]);
export const reduce = (callee: Uint8Array, ...args: Uint8Array[]) =>
  Buffer.concat([callee, tuple(...args), Buffer.from('R')]);
export const pickle = (value: Uint8Array) => Buffer.concat([op(0x80, 2), value, Buffer.from('.')]);
export const dict = (...pairs: Uint8Array[]) =>
  Buffer.concat([Buffer.from('}('), ...pairs, Buffer.from('u')]);
export const no = op(0x89);

export interface Described {
  readonly offset?: Uint8Array;
  readonly shape?: readonly Uint8Array[];
  readonly strides?: readonly Uint8Array[];
  readonly elements?: Uint8Array;
  readonly key?: string;
}

/** A pickled state dict with one tensor `w`, by default [2, 3] with a storage of 6 elements. */
export function stateDict(described: Described = {}): Buffer {
  const {
    offset = int(0),
    shape = [int(2), int(3)],
    strides = [int(3), int(1)],
    elements = int(6),
  } = described;
  const id = [
    text('storage'),
    global('torch', 'FloatStorage'),
    text(described.key ?? '0'),
    text('cpu'),
    elements,
  ];
  const storage = Buffer.concat([tuple(...id), Buffer.from('Q')]);
  const rebuild = global('torch._utils', '_rebuild_tensor_v2');
  const tensor = reduce(rebuild, storage, offset, tuple(...shape), tuple(...strides), no, reduce(ordered));
  return pickle(dict(text('w'), tensor));
}
export const ordered = global('collections', 'OrderedDict');

export interface Forgery {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly localName?: string;
  readonly size?: number;
  readonly header?: number;
}

/** A zip archive with stored entries. The forgeries and `lies` can replace its fields with wrong values. */
export function zip(
  forgeries: readonly Forgery[],
  lies: { entries?: number; position?: number } = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const forgery of forgeries) {
    const { name, data, method = 0, flags = 0, size = data.length, header = position } = forgery;
    const localName = forgery.localName ?? name;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(localName.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(size, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(header, 42);
    directory.push(entry, Buffer.from(name, 'latin1'));
    parts.push(local, Buffer.from(localName, 'latin1'), Buffer.from(data));
    position += 30 + localName.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(lies.entries ?? forgeries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(lies.position ?? position, 16);
  return Buffer.concat([...parts, listed, end]);
}

export const values = Buffer.from(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);
export const archive = (pkl: Uint8Array, ...more: Forgery[]) =>
  zip([{ name: 'archive/data.pkl', data: pkl }, { name: 'archive/data/0', data: values }, ...more]);

export function legacy(pkl: Uint8Array, data: Uint8Array, littleEndian = true): Buffer {
  const magic = op(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e);
  const system = pickle(dict(text('little_endian'), op(littleEndian ? 0x88 : 0x89)));
  const keys = pickle(Buffer.concat([Buffer.from(']('), text('0'), Buffer.from('e')]));
  const count = Buffer.alloc(8);
  count.writeBigInt64LE(BigInt(data.length / 4));
  return Buffer.concat([magic, pickle(int(1001)), system, pkl, keys, count, data]);
}
