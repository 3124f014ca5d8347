import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CodeCache, digest } from '../code-cache.js';
import { type Bf16Products, chooseBf16Attention, chooseBf16Products, type UnitName } from './bf16-unit.js';
import type { Situation, Trials } from './unit-choice.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'bf16-unit-')));
after(() => rmSync(root, { recursive: true, force: true }));

interface Machine {
  /** Seconds of a product by each unit that is compiled. Widened it takes 10. */
  readonly seconds: Partial<Record<UnitName, number>>;
  readonly refusal?: number;
  readonly wrong?: readonly UnitName[];
  readonly flags?: readonly string[];
}

let folders = 0;
const newCache = () => new CodeCache([join(root, String(folders++))], '.unit');

/** Chooses on this machine. Returns how often something was measured, too: everything three times. */
function choose(
  machine: Machine,
  cache = newCache(),
  library = 'a library',
): Bf16Products & { measured: number } {
  let measured = 0;
  const trials: Trials<UnitName> = {
    isCompiled: ({ name }) => name in machine.seconds,
    request: ({ name }) => (name === 'AMX bf16' ? (machine.refusal ?? 0) : 0),
    seconds: (unit) => {
      measured++;
      return unit === null ? 10 : (machine.seconds[unit.name] ?? Number.NaN);
    },
    isRight: ({ name }) => !machine.wrong?.includes(name),
  };
  const products = chooseBf16Products(trials, situationOf(machine, cache, library));
  return { ...products, measured };
}

function situationOf({ flags }: Machine, cache: CodeCache, library: string): Situation {
  return {
    compiler: 'g++ 9.4',
    processorFlags: new Set(flags),
    cache,
    key: (usable) => digest(`${library}: ${usable}`),
  };
}

const widened = {
  unit: null,
  kind: 0,
  isFast: false,
  description: 'bf16 is widened: saves memory, not time',
  note: null,
};

test('a processor without such instructions widens, and measures nothing', () => {
  assert.deepEqual(choose({ seconds: {}, flags: ['avx2'] }), { ...widened, measured: 0 });
});

test('the fastest unit is chosen, and remembered for its library', () => {
  const cache = newCache();
  const both = { seconds: { 'AMX bf16': 1, 'AVX-512 BF16': 5 } };
  const amx = { unit: 'AMX bf16', kind: 4, isFast: true, description: 'AMX bf16', note: null };
  assert.deepEqual(choose(both, cache), { ...amx, measured: 9 });
  assert.deepEqual(choose(both, cache), { ...amx, measured: 0 });
  const slower = { seconds: { 'AMX bf16': 6, 'AVX-512 BF16': 5 } };
  assert.equal(choose(slower, cache).unit, 'AMX bf16', 'the first measurement decides');
  assert.equal(choose(slower, cache, 'another library').unit, 'AVX-512 BF16');
});

test('a unit that is slower than widening, or hardly faster, is not used, which is remembered as well', () => {
  const cache = newCache();
  for (const seconds of [18, 9.5]) {
    const slow = { seconds: { 'AVX-512 BF16': seconds } };
    assert.deepEqual(choose(slow, cache, String(seconds)), { ...widened, measured: 6 });
    assert.deepEqual(choose(slow, cache, String(seconds)), { ...widened, measured: 0 });
  }
});

test('without a cache, every process measures', () => {
  const file = join(root, 'in-the-way');
  writeFileSync(file, '');
  const cache = new CodeCache([file], '.unit');
  for (const _ of [1, 2]) {
    const { unit, measured } = choose({ seconds: { 'AMX bf16': 1 } }, cache);
    assert.deepEqual([unit, measured], ['AMX bf16', 6]);
  }
});

test('a record that names no unit is measured again', () => {
  const cache = newCache();
  cache.keep(digest('a library: AMX bf16'), Buffer.from('something else'));
  assert.deepEqual(choose({ seconds: { 'AMX bf16': 1 } }, cache).measured, 6);
});

test('a note says why the system refuses the tiles, and what is used instead', () => {
  const cache = newCache();
  const seconds = { 'AMX bf16': 1, 'AVX-512 BF16': 5 };
  assert.equal(choose({ seconds }, cache).unit, 'AMX bf16');
  const filtered = choose({ seconds, refusal: 1 }, cache);
  assert.equal(filtered.unit, 'AVX-512 BF16');
  assert.equal(
    filtered.note,
    "AMX bf16 is not used: a filter of system calls, such as a container's, refuses the state of its tiles to this process; AVX-512 BF16 is",
  );
  assert.equal(choose({ seconds }, cache).unit, 'AMX bf16', 'once it is permitted, it is used again');
  const reason = (refusal: number) => choose({ seconds: { 'AMX bf16': 1 }, refusal }).note;
  assert.match(String(reason(38)), /: a filter of system calls.*; bf16 is widened: saves memory, not time$/);
  assert.match(String(reason(22)), /this Linux does not know the state of its tiles, 5.16 does/);
  assert.match(String(reason(95)), /this Linux does not offer the state of its tiles/);
  assert.match(String(reason(28)), /signal stack/);
  assert.match(String(reason(7)), /\(error 7\)/);
});

test('a compiler that does not know the instructions of the processor is named', () => {
  assert.deepEqual(choose({ seconds: {}, flags: ['avx512_bf16', 'amx_bf16'] }), {
    ...widened,
    note: 'AMX bf16 is not used: g++ 9.4 does not know its instructions, g++ 11 or clang 12 does; AVX-512 BF16 is not used: g++ 9.4 does not know its instructions, g++ 10 or clang 9 does; bf16 is widened: saves memory, not time',
    measured: 0,
  });
});

test('a unit that computes wrong numbers is not used', () => {
  const seconds = { 'AMX bf16': 1, 'AVX-512 BF16': 5 };
  const next = choose({ seconds, wrong: ['AMX bf16'] });
  assert.equal(next.unit, 'AVX-512 BF16');
  assert.match(String(next.note), /^AMX bf16 is not used: it computes wrong products here; AVX-512 BF16 is$/);
  const none = choose({ seconds, wrong: ['AMX bf16', 'AVX-512 BF16'] });
  assert.equal(none.unit, null);
  assert.equal(none.isFast, false);
});

test('attention takes the unit of products where it is faster there too, which is remembered apart', () => {
  const cache = newCache();
  const machine = { seconds: { 'AMX bf16': 1, 'AVX-512 BF16': 5 } };
  const products = choose(machine, cache);
  const inAttention = (seconds: number, library: string): [string | null, number] => {
    let measured = 0;
    const { unit } = chooseBf16Attention(
      products,
      (tried) => {
        measured++;
        return tried === null ? 10 : seconds;
      },
      situationOf(machine, cache, library),
    );
    return [unit, measured];
  };
  assert.deepEqual(inAttention(1, 'a library'), ['AMX bf16', 6]);
  assert.deepEqual(inAttention(20, 'a library'), ['AMX bf16', 0]);
  assert.deepEqual(inAttention(9.5, 'another library'), [null, 6]);
  assert.deepEqual(inAttention(1, 'another library'), [null, 0]);
});

test('where products widen, attention does too, and measures nothing', () => {
  const products = choose({ seconds: { 'AVX-512 BF16': 18 } });
  const never = () => assert.fail('it is measured');
  const { unit, kind } = chooseBf16Attention(products, never, situationOf({ seconds: {} }, newCache(), ''));
  assert.deepEqual([unit, kind], [null, 0]);
});
