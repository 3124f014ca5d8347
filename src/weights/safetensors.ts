// Reads and writes the safetensors format: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}},
// then the tensors' bytes without gaps (https://github.com/huggingface/safetensors#format). A file is accepted only if
// header, shapes, offsets and file size agree. This file does not know what the tensors are for.

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { messageOf } from '../errors.js';
import { savingError } from '../files/atomic.js';
import { parseJson } from '../files/parse-json.js';
import { isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { type ElementType, elementBytes, isElementType, isFloatType, toFloat32 } from './element-types.js';
import { BinaryFile, elementCount, type WeightFile } from './weight-file.js';

/** Most bytes of a header, as in the reference implementation. */
const longestHeader = 100_000_000;

interface Entry {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** In bytes, relative to the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** Counts the key-value pairs of a JSON text: its colons outside strings. */
function pairsInText(json: string): number {
  let pairs = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const letter = json[index];
    if (inString && letter === '\\') index++;
    else if (letter === '"') inString = !inString;
    else if (letter === ':' && !inString) pairs++;
  }
  return pairs;
}

/** Counts the key-value pairs of a parsed value. It is not recursive, because a header may be nested deeply. */
function pairsInValue(value: unknown): number {
  const open: unknown[] = [value];
  let pairs = 0;
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const children: unknown[] = Object.values(next);
    if (!Array.isArray(next)) pairs += children.length;
    for (const child of children) open.push(child);
  }
  return pairs;
}

/** PyTorch's limit. */
const mostDimensions = 64;

function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= mostDimensions &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}

function readHeader(file: BinaryFile): { header: Readonly<Record<string, unknown>>; dataStart: number } {
  if (file.size < 8) throw file.damaged('it is too short for a safetensors header');
  const length = Number(new DataView(file.bytes(0, 8).buffer).getBigUint64(0, true));
  if (length > longestHeader)
    throw file.fail(
      `is not a safetensors file or is damaged: it announces a header of ${length} bytes; download or copy it again`,
    );
  if (8 + length > file.size)
    throw file.damaged(
      `its header of ${length} bytes extends beyond the end of the file (${file.size} bytes)`,
    );
  const bytes = file.bytes(8, length);
  if (bytes[0] !== 0x7b)
    throw file.fail(
      'is not a safetensors file or is damaged: its header is not a JSON object; download or copy it again',
    );
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // A valid header needs far less depth: an object of objects with arrays.
    header = parseJson(text, { deepest: 8 });
  } catch (thrown) {
    throw file.damaged(`its header cannot be read as JSON (${messageOf(thrown)})`);
  }
  if (!isRecord(header)) throw file.damaged('its header is not a JSON object; download or copy it again');
  if (pairsInText(text) !== pairsInValue(header)) throw file.damaged('its header has a key twice');
  return { header, dataStart: 8 + length };
}

function readEntry(file: BinaryFile, name: string, value: unknown): Entry {
  const of = `of tensor ${quoted(name)}`;
  if (!isRecord(value)) throw file.damaged(`the description ${of} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !isElementType(dtype))
    throw file.fail(
      `has tensor ${quoted(name)} of type ${typeof dtype === 'string' ? quoted(dtype) : 'unknown'}; F32, F16, BF16 and F64 can be read`,
    );
  if (!isSizes(shape)) throw file.damaged(`the shape ${of} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw file.damaged(`the data_offsets ${of} are not two sizes`);
  const [begin = 0, end = 0] = offsets;
  if (elementCount(shape) * elementBytes[dtype] !== end - begin)
    throw file.damaged(`the shape [${shape}] ${of} does not fit its ${end - begin} bytes`);
  return { type: dtype, shape, begin, end };
}

/** Checks that every byte after the header belongs to exactly one tensor. */
function checkLayout(file: BinaryFile, entries: ReadonlyMap<string, Entry>, dataBytes: number): void {
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let filled = 0;
  for (const [name, { begin, end }] of inOrder) {
    if (end > dataBytes)
      throw file.damaged(`tensor ${quoted(name)} extends beyond the end of the file, which may be truncated`);
    if (begin < filled) throw file.damaged(`tensor ${quoted(name)} overlaps the one before it`);
    if (begin > filled) throw file.damaged(`there is a gap before tensor ${quoted(name)}`);
    filled = end;
  }
  if (filled !== dataBytes) throw file.damaged(`${dataBytes - filled} bytes at its end belong to no tensor`);
}

/** @throws UserError (model) when anything in the header contradicts the file or the format. */
export function openSafetensors(path: string): WeightFile {
  const file = new BinaryFile(path);
  const { header, dataStart } = readHeader(file);
  const tensors = new Map<string, Entry>();
  for (const [name, value] of Object.entries(header))
    if (name !== '__metadata__') tensors.set(name, readEntry(file, name, value));
  checkLayout(file, tensors, file.size - dataStart);
  return {
    path,
    tensors,
    read(name) {
      const entry = tensors.get(name);
      if (entry === undefined) throw file.fail(`has no tensor ${quoted(name)}`);
      const { type, begin, end } = entry;
      if (!isFloatType(type))
        throw file.fail(`has tensor ${quoted(name)} of type ${type}, which is not a floating-point type`);
      return toFloat32(file.bytes(dataStart + begin, end - begin), type);
    },
  };
}

export interface TensorToSave {
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * The elements, row-major, whole or in pieces. Called once, when the tensor is written. A piece may reuse the memory of
   * the piece before it.
   */
  readonly data: () => Float32Array | Iterable<Float32Array>;
}

/** Most bytes per write. */
const chunk = 2 ** 28;

function* piecesOf({ name, shape, data }: TensorToSave): Generator<Uint8Array> {
  const found = data();
  let elements = 0;
  for (const piece of found instanceof Float32Array ? [found] : found) {
    elements += piece.length;
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let from = 0; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk);
  }
  if (elements !== elementCount(shape)) throw new RangeError(`${name} [${shape}] has ${elements} elements`);
}

function headerBytes(tensors: readonly TensorToSave[]): Uint8Array {
  const header: [string, unknown][] = [['__metadata__', { format: 'pt' }]];
  let begin = 0;
  for (const { name, shape } of tensors) {
    const end = begin + 4 * elementCount(shape);
    header.push([name, { dtype: 'F32', shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = JSON.stringify(Object.fromEntries(header));
  const length = Buffer.byteLength(json);
  // Spaces align the tensors to 8 bytes, so that readers can memory-map them.
  const bytes = Buffer.from(`${' '.repeat(8)}${json}${' '.repeat(-length & 7)}`);
  bytes.writeBigUInt64LE(BigInt(bytes.length - 8));
  return bytes;
}

/**
 * Writes float32 tensors in the given order. It has one piece in memory at a time and returns when all are on disk.
 * @returns the SHA-256 of the file, computed while it is written.
 * @throws UserError (device) when the disk is full or not writable.
 */
export function writeSafetensors(path: string, tensors: readonly TensorToSave[]): string {
  if (new Set(tensors.map(({ name }) => name)).size !== tensors.length)
    throw new RangeError(`two tensors for ${path} have the same name`);
  try {
    const hash = createHash('sha256');
    const descriptor = openSync(path, 'w');
    const write = (bytes: Uint8Array) => {
      writeFileSync(descriptor, bytes);
      hash.update(bytes);
    };
    try {
      write(headerBytes(tensors));
      for (const tensor of tensors) for (const bytes of piecesOf(tensor)) write(bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return hash.digest('hex');
  } catch (thrown) {
    throw savingError(path, thrown);
  }
}
