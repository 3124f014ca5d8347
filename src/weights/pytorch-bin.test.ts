import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  archive,
  type Described,
  dict,
  global,
  int,
  legacy,
  long,
  op,
  ordered,
  pickle,
  reduce,
  stateDict,
  text,
  tuple,
  values,
  zip,
} from '../../test/torch-files.js';
import { UserError } from '../errors.js';
import { openPytorchBin } from './pytorch-bin.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/weights', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'pytorch-bin-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const path = join(scratch, 'pytorch_model.bin');
const canary = join(scratch, 'was-run');

function isModelError(thrown: unknown, pattern: RegExp): boolean {
  assert.ok(thrown instanceof UserError, thrown instanceof Error ? thrown.stack : String(thrown));
  assert.equal(thrown.fault, 'model');
  assert.match(thrown.message, pattern);
  assert.ok(thrown.message.includes(path), `names the file: ${thrown.message}`);
  return true;
}

function refuses(bytes: Uint8Array, pattern: RegExp): void {
  writeFileSync(path, bytes);
  assert.throws(
    () => openPytorchBin(path),
    (thrown) => isModelError(thrown, pattern),
  );
}

/** Opens and reads everything; the only allowed error is a UserError. */
function readsOrRefuses(bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  try {
    const file = openPytorchBin(path);
    for (const [name, { type }] of file.tensors) if (type === 'F32') file.read(name);
  } catch (thrown) {
    isModelError(thrown, /./);
  }
}

describe('a PyTorch file', () => {
  it('is read in the zip and in the legacy format', () => {
    for (const bytes of [archive(stateDict()), legacy(stateDict(), values)]) {
      writeFileSync(path, bytes);
      assert.deepEqual([...openPytorchBin(path).read('w')], [1, 2, 3, 4, 5, 6]);
    }
  });

  it('returns views of a storage in row-major order', () => {
    const read = (described: Described) => {
      writeFileSync(path, archive(stateDict(described)));
      return [...openPytorchBin(path).read('w')];
    };
    assert.deepEqual(read({ strides: [int(1), int(2)] }), [1, 3, 5, 2, 4, 6]);
    assert.deepEqual(
      read({ offset: int(1), shape: [int(2), int(2)], strides: [int(3), int(1)] }),
      [2, 3, 5, 6],
    );
    assert.deepEqual(read({ offset: int(5), shape: [], strides: [] }), [6]);
    assert.deepEqual(read({ shape: [int(0), int(3)] }), []);
  });

  const evil: [string, Uint8Array, RegExp][] = [
    ['os.system', reduce(global('posix', 'system'), text(`touch ${canary}`)), /"posix\.system"/],
    ['eval', reduce(global('builtins', 'eval'), text('1')), /"builtins\.eval"/],
    ['a global by STACK_GLOBAL', Buffer.concat([text('os'), text('system'), op(0x93)]), /"os\.system"/],
    ['torch.load', global('torch', 'load'), /"torch\.load"/],
    ['a storage that is called', reduce(global('torch', 'FloatStorage'), int(9)), /is inconsistent/],
    ['a name with control characters', global('os\x1b[2J', 'x'), /os\\u001b/],
    ['INST', Buffer.from('(iposix\nsystem\n'), /opcode 0x69/],
    ['OBJ', Buffer.concat([Buffer.from('('), ordered, Buffer.from('o')]), /opcode 0x6f/],
    ['NEWOBJ', Buffer.concat([ordered, op(0x29, 0x81)]), /opcode 0x81/],
    ['EXT1', op(0x82, 1), /opcode 0x82/],
    ['BUILD on a tensor class', Buffer.concat([ordered, op(0x4e), Buffer.from('b')]), /is inconsistent/],
  ];
  for (const [what, value, pattern] of evil)
    it(`that uses ${what} is refused, and nothing is run`, () => {
      refuses(archive(pickle(dict(text('w'), value))), pattern);
      refuses(legacy(pickle(dict(text('w'), value)), values), pattern);
      assert.ok(!existsSync(canary));
    });

  it('with a damaged pickle is refused', () => {
    refuses(archive(Buffer.from('abc')), /no pickle/);
    refuses(archive(op(0x80, 9)), /protocol 9/);
    refuses(archive(op(0x80, 2, 0x2e)), /is inconsistent/);
    refuses(archive(op(0x80, 2, 0x74)), /is inconsistent/);
    refuses(archive(op(0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff)), /ends early/);
    refuses(archive(op(0x80, 2, 0x68, 7)), /is inconsistent/);
    refuses(archive(op(0x80, 2, 0x8c, 1, 0xff, 0x2e)), /UTF-8/);
    refuses(archive(Buffer.concat([op(0x80, 2), Buffer.alloc(5000, 'c')])), /name in its pickle is too long/);
    refuses(archive(pickle(dict())), /no tensors/);
    refuses(archive(pickle(int(1))), /dict of tensors/);
  });

  it('with a tensor outside its storage is refused', () => {
    const beyond = /beyond its storage/;
    refuses(archive(stateDict({ offset: int(1) })), beyond);
    refuses(archive(stateDict({ shape: [int(3), int(3)] })), beyond);
    refuses(archive(stateDict({ shape: [long(2n ** 52n), int(3)] })), beyond);
    refuses(
      archive(stateDict({ shape: [long(2n ** 52n), long(2n ** 52n)], strides: [int(0), int(0)] })),
      /overlap/,
    );
    refuses(archive(stateDict({ strides: [int(0), int(1)] })), /overlap/);
    refuses(archive(stateDict({ strides: [int(-3), int(1)] })), /invalid storage, offset, shape or strides/);
    refuses(archive(stateDict({ offset: int(-1) })), /invalid storage, offset, shape or strides/);
    refuses(
      archive(stateDict({ shape: [long(2n ** 62n), int(3)] })),
      /invalid storage, offset, shape or strides/,
    );
    refuses(archive(stateDict({ strides: [int(1)] })), /one stride per dimension/);
    refuses(archive(stateDict({ elements: int(7) })), /does not have all 28 bytes/);
    refuses(archive(stateDict({ elements: long(2n ** 50n) })), /does not have all/);
    refuses(archive(stateDict({ key: '1' })), /does not have all/);
    refuses(archive(stateDict({ key: '../0' })), /does not have all/);
    refuses(legacy(stateDict({ elements: int(7) }), values), /has 6 elements/);
    refuses(legacy(stateDict(), values.subarray(0, 20)), /has 5 elements/);
  });

  it('whose pickle changes a shape after the check keeps the checked shape', () => {
    const list = (place: number, ...items: Buffer[]) =>
      Buffer.concat([Buffer.from(']q'), op(place), Buffer.from('('), ...items, Buffer.from('e')]);
    const storage = tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6));
    const rebuild = reduce(
      global('torch._utils', '_rebuild_tensor_v2'),
      Buffer.concat([storage, Buffer.from('Q')]),
      int(0),
      list(7, int(2), int(3)),
      list(8, int(3), int(1)),
    );
    // The tensor stays in the dict. Its lists of sizes are recalled from the memo, get one more element, and are added too.
    const grown = (place: number) =>
      Buffer.concat([Buffer.from('h'), op(place), long(2n ** 40n), Buffer.from('a')]);
    const pkl = dict(text('w'), rebuild, text('shape'), grown(7), text('strides'), grown(8));
    writeFileSync(path, archive(pickle(pkl)));
    const file = openPytorchBin(path);
    assert.deepEqual(file.tensors.get('w')?.shape, [2, 3]);
    assert.deepEqual([...file.read('w')], [1, 2, 3, 4, 5, 6]);
    assert.ok(Object.isFrozen(file.tensors.get('w')?.shape));
  });

  it('whose pickle needs far more work than its length suggests is refused', () => {
    const many = 100_000;
    const pair = Buffer.concat([int(1), int(2), op(0x86), Buffer.from('q'), op(1)]);
    const again = Buffer.concat(Array<Buffer>(many).fill(op(0x68, 1)));
    const pairs = Buffer.concat([pair, Buffer.from(']q'), op(2), Buffer.from('('), again, Buffer.from('e')]);
    const copy = reduce(ordered, op(0x68, 2));
    const copies = (times: number) =>
      archive(pickle(Buffer.concat([pairs, Buffer.concat(Array<Buffer>(times).fill(copy))])));
    refuses(copies(200), /its pickle builds more values than any model needs/);
    refuses(copies(2), /dict of tensors|holds no tensors|by name/);
  });

  it('whose pickle has a value with an enormous string form is refused', () => {
    // Each tuple contains the previous one twice.
    const doubled = Buffer.concat(Array<Buffer>(64).fill(op(0x71, 1, 0x68, 1, 0x68, 1, 0x86)));
    const value = Buffer.concat([int(0), doubled]);
    refuses(archive(pickle(Buffer.concat([value, text('x'), op(0x93)]))), /is inconsistent/);
    refuses(legacy(pickle(value), values), /dict of tensors/);
    const magic = legacy(stateDict(), values).subarray(0, 15);
    refuses(Buffer.concat([magic, pickle(value)]), /has version unknown of PyTorch's legacy format/);
    refuses(
      archive(stateDict({ shape: Array<Buffer>(65).fill(int(1)) })),
      /invalid storage, offset, shape or strides/,
    );
  });

  it('that is big-endian is refused', () => {
    refuses(
      archive(stateDict(), { name: 'archive/byteorder', data: Buffer.from('big') }),
      /byte order "big"/,
    );
    refuses(legacy(stateDict(), values, false), /big-endian/);
  });

  it('in neither format is refused', () => {
    refuses(Buffer.from('hello'), /not a PyTorch file/);
    refuses(Buffer.alloc(0), /is empty/);
    refuses(zip([{ name: 'a.txt', data: values }]), /no data.pkl/);
  });
});

describe('a zip archive', () => {
  const pkl = { name: 'archive/data.pkl', data: stateDict() };

  it('with a name that leaves the folder is refused', () => {
    for (const name of ['archive/../../etc/passwd', '/etc/passwd', 'C:/x', 'archive\\x', '..'])
      refuses(archive(stateDict(), { name, data: values }), /points outside its folder/);
  });

  it('that is compressed, encrypted or has an entry twice is refused', () => {
    refuses(zip([{ ...pkl, method: 8 }]), /compressed/);
    refuses(zip([{ ...pkl, flags: 1 }]), /encrypted/);
    refuses(zip([pkl, pkl]), /two entries/);
  });

  it('with entries that overlap or are not where the directory says is refused', () => {
    refuses(zip([{ ...pkl, size: 5000 }]), /overlaps/);
    refuses(zip([{ ...pkl, size: 0xffffffff }]), /overlaps/);
    refuses(
      zip([pkl, { name: 'archive/data/0', data: values, header: 0 }]),
      /beyond the end of the file|two names/,
    );
    refuses(zip([{ ...pkl, header: 7 }]), /not where it should be/);
    refuses(zip([{ ...pkl, header: 60000 }]), /beyond the end of the file/);
    refuses(zip([{ ...pkl, localName: 'archive/data.pkx' }]), /two names/);
    refuses(zip([pkl], { entries: 2 }), /says 2/);
    refuses(zip([pkl], { position: 2 ** 31 }), /extends beyond the end of the file/);
  });
});

describe('a file of torch.save', () => {
  for (const folder of ['zip-views', 'legacy-masks']) {
    const whole = readFileSync(join(goldens, folder, 'pytorch_model.bin'));

    it(`(${folder}) is refused when it is truncated anywhere`, () => {
      // At each of the first 600 and the last 600 bytes, and at every 29th between.
      for (let size = 0; size < whole.length; size += size < 600 || size > whole.length - 600 ? 1 : 29) {
        writeFileSync(path, whole.subarray(0, size));
        assert.throws(
          () => openPytorchBin(path),
          (thrown) => isModelError(thrown, /./),
        );
      }
    });

    it(`(${folder}) is read or refused, whichever byte is changed`, () => {
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
          const changed = Buffer.from(whole);
          changed[at] = byte;
          readsOrRefuses(changed);
        }),
        { seed: 3, numRuns: 300 },
      );
    });
  }
});
