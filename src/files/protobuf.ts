// Writes the wire format of Protocol Buffers: a message is the concatenation of its fields.
// It does not know any message. (https://protobuf.dev/programming-guides/encoding)

const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function key(field: number, wireType: number): Buffer {
  return varint((field << 3) | wireType);
}

/** @param value an integer from 0 to 2^53. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** @param value an integer from 0 to 2^53. */
export function varintField(field: number, value: number): Buffer {
  return Buffer.concat([key(field, WireType.varint), varint(value)]);
}

/** Bytes, a string in UTF-8, or an embedded message. */
export function bytesField(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([key(field, WireType.bytes), varint(value.length), value]);
}

export function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, WireType.fixed64), bytes]);
}

export function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, WireType.fixed32), bytes]);
}
