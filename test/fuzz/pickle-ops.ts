// Splits a pickle into its opcodes, so that mutants stay valid pickles. Source: Lib/pickletools.py of CPython.

import type { Dice } from './dice.js';
import { extremeIntegers } from './mutate-bytes.js';
import { hostileTexts } from './mutate-json.js';

/** The operand of an opcode: a number of bytes, one or two lines, or bytes preceded by a count of 1, 4 or 8 bytes. */
const operands: Readonly<Record<string, number | 'lines1' | 'lines2' | 'count1' | 'count4' | 'count8'>> = {
  '\x80': 1,
  K: 1,
  M: 2,
  J: 4,
  G: 8,
  h: 1,
  q: 1,
  j: 4,
  r: 4,
  '\x95': 8,
  c: 'lines2',
  i: 'lines2',
  I: 'lines1',
  '\x8a': 'count1',
  U: 'count1',
  '\x8c': 'count1',
  X: 'count4',
  T: 'count4',
  B: 'count4',
  '\x8d': 'count8',
};

function operandEnd(bytes: Buffer, at: number, opcode: string): number {
  const kind = operands[opcode] ?? 0;
  if (typeof kind === 'number') return at + kind;
  if (kind.startsWith('lines')) {
    let end = at;
    for (let left = Number(kind.slice(5)); left > 0; left--) end = bytes.indexOf(10, end) + 1 || bytes.length;
    return end;
  }
  const size = Number(kind.slice(5));
  const count = at + size <= bytes.length ? Number(bytes.readUIntLE(at, Math.min(size, 6))) : 0;
  return at + size + count;
}

/** The opcodes with their operands, up to and including STOP. */
export function pickleOps(bytes: Buffer, start = 0): Buffer[] {
  const ops: Buffer[] = [];
  for (let at = start; at < bytes.length; ) {
    const opcode = String.fromCharCode(bytes[at] ?? 0);
    const end = operandEnd(bytes, at + 1, opcode);
    ops.push(bytes.subarray(at, end));
    if (opcode === '.') break;
    at = end;
  }
  return ops;
}

const op = (...bytes: number[]) => Buffer.from(bytes);

function integer(dice: Dice): Buffer {
  const value = dice.pick(extremeIntegers);
  if (dice.chance(3)) return op(0x4b, Number(value & 0xffn));
  const bytes = Buffer.alloc(10);
  bytes.set([0x8a, 8]);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 2);
  return bytes;
}

function text(dice: Dice): Buffer {
  const bytes = Buffer.from(dice.pick(hostileTexts));
  const head = Buffer.from('X\0\0\0\0');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const globals = [
  'collections\nOrderedDict',
  'torch._utils\n_rebuild_tensor_v2',
  'torch._utils\n_rebuild_parameter',
  'torch\nFloatStorage',
  'torch\nHalfStorage',
  'os\nsystem',
  '__builtin__\neval',
];

const simple = [
  'N',
  '\x88',
  '\x89',
  '}',
  ']',
  ')',
  '(',
  't',
  'l',
  '\x85',
  '\x86',
  '\x87',
  'R',
  'Q',
  's',
  'u',
  'a',
  'e',
  'b',
  '0',
  '1',
  '2',
  '.',
  '\x93',
  '\x94',
];

function freshOp(dice: Dice): Buffer {
  switch (dice.below(6)) {
    case 0:
      return integer(dice);
    case 1:
      return text(dice);
    case 2:
      return Buffer.from(`c${dice.pick(globals)}\n`);
    case 3:
      return op(0x68, dice.below(256));
    case 4:
      return op(0x71, dice.below(256));
    default:
      return Buffer.from(dice.pick(simple) ?? 'N', 'latin1');
  }
}

/** Repeated opcodes that are expensive to execute: containers that contain themselves or are copied again and again. */
function growing(dice: Dice): Buffer[] {
  const times = dice.length(2000);
  const once = dice.pick([
    // A list appended to itself through the memo.
    [Buffer.from(']'), op(0x71, 250), op(0x68, 250), Buffer.from('a')],
    // A tuple that contains the previous one twice, so that its depth grows.
    [op(0x68, 250), op(0x68, 250), op(0x86), op(0x71, 250)],
    // A dict copied by OrderedDict.
    [Buffer.from('ccollections\nOrderedDict\n'), op(0x68, 250), op(0x85), Buffer.from('R')],
    [Buffer.from('('), op(0x68, 250), Buffer.from('t')],
  ]);
  return [Buffer.from(')'), op(0x71, 250), ...Array.from({ length: times }, () => once).flat()];
}

/** Applies one to five mutations to the list of opcodes. */
export function mutatePickle(ops: readonly Buffer[], dice: Dice): Buffer {
  const mutant = [...ops];
  for (let left = 1 + (dice.chance(2) ? 0 : dice.below(5)); left > 0; left--) {
    const at = 1 + dice.below(mutant.length - 1);
    const other = dice.below(mutant.length);
    switch (dice.below(8)) {
      case 0:
        mutant.splice(at, 1 + dice.below(3));
        break;
      case 1:
        mutant.splice(at, 0, freshOp(dice));
        break;
      case 2:
        mutant[at] = freshOp(dice);
        break;
      case 3:
        mutant.splice(at, 0, ...mutant.slice(other, other + dice.length(40)));
        break;
      case 4:
        [mutant[at], mutant[other]] = [mutant[other] ?? op(0x4e), mutant[at] ?? op(0x4e)];
        break;
      case 5: {
        const integers = mutant.flatMap((each, index) =>
          'KMJ\x8a'.includes(String.fromCharCode(each[0] ?? 0)) ? [index] : [],
        );
        const chosen = dice.pick(integers);
        if (chosen !== undefined) mutant[chosen] = integer(dice);
        break;
      }
      case 6: {
        const part = mutant.slice(at, at + dice.length(8));
        mutant.splice(at, 0, ...Array.from({ length: dice.length(500) }, () => part).flat());
        break;
      }
      default:
        mutant.splice(at, 0, ...growing(dice));
    }
  }
  return Buffer.concat(mutant).subarray(0, 2 ** 18);
}
