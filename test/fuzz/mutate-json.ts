// Mutations of a JSON value that keep it valid JSON: other types, extreme values, missing, duplicate or odd keys, and depth.

import type { Dice } from './dice.js';

/** Text that has caused errors in readers, terminals or file systems. */
export const hostileTexts: readonly [string, ...string[]] = [
  '',
  ' ',
  '\u0000',
  '\u001b[2J\u001b]0;title\u0007',
  '\u009b31m',
  '\u202egnp.exe',
  '\u2028\u2029\u0085',
  '\ud800',
  '\ufeff',
  '<|endoftext|>',
  '../../../etc/passwd',
  '/dev/stdin',
  'a\nb\r\nc\td',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '00001',
  'NaN',
  '你好，世界',
  '😀👩‍👩‍👧',
  'ﷺ',
  'x'.repeat(5000),
  '(.+)+\u0001',
  '(a|aa)+$',
];

const scalars: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => 0.5,
  () => 1e308,
  () => 2 ** 31,
  () => 2 ** 53,
  () => Number.MAX_SAFE_INTEGER,
  () => [],
  () => ({}),
  () => [[]],
  () => [null],
  () => ({ toString: 1, valueOf: 1 }),
  () => Array.from({ length: 300 }, (_, index) => index),
];

interface Slot {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
}

/** Every place in the value, except the top level. */
function slots(value: unknown): Slot[] {
  const found: Slot[] = [];
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined || open.length > 0; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const holder = next as Record<string, unknown> | unknown[];
    for (const [key, child] of Object.entries(holder)) {
      found.push({ holder, key });
      if (found.length < 20_000) open.push(child);
    }
  }
  return found;
}

function get({ holder, key }: Slot): unknown {
  return Reflect.get(holder, key);
}

function set({ holder, key }: Slot, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Builds text, because building and serializing a deep value would overflow the stack of the harness itself. */
function deepText(dice: Dice): string {
  const depth = dice.pick([20, 200, 5_000, 30_000]);
  return dice.chance(2)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

const deepMark = '@deep@';

function mutateSlot(slot: Slot, all: readonly Slot[], dice: Dice): void {
  const value = get(slot);
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2:
      set(slot, (dice.pick(scalars) ?? (() => null))());
      break;
    case 3:
      set(slot, dice.pick(hostileTexts));
      break;
    case 4:
      if (Array.isArray(slot.holder)) slot.holder.splice(Number(slot.key), 1);
      else Reflect.deleteProperty(slot.holder, slot.key);
      break;
    case 5: {
      const other = dice.pick(all);
      // Moves only scalar values, because a cycle would not be JSON.
      const taken = other && get(other);
      set(slot, typeof taken === 'object' ? structuredClone(taken) : taken);
      break;
    }
    case 6:
      if (typeof value === 'string') set(slot, `${value}${dice.pick(hostileTexts)}`);
      else set(slot, [value]);
      break;
    case 7:
      if (Array.isArray(slot.holder)) slot.holder.push(...Array(dice.length(100)).fill(value));
      else set({ holder: slot.holder, key: `${slot.key}${dice.pick(hostileTexts)}` }, value);
      break;
    case 8:
      if (typeof value === 'number')
        set(slot, dice.pick([-value, value + 1, value - 1, value * 2 ** 20, value / 3]));
      else set(slot, (JSON.stringify(value) ?? '').slice(0, 100));
      break;
    case 9:
      if (!Array.isArray(slot.holder)) {
        set({ holder: slot.holder, key: dice.pick(hostileTexts) }, value);
        Reflect.deleteProperty(slot.holder, slot.key);
      } else slot.holder.reverse();
      break;
    case 10:
      set(slot, deepMark);
      break;
    default:
      set(slot, typeof value === 'string' ? Number(value) : { value });
  }
}

/** Applies one to three mutations. Write the result with `jsonText`, which inserts the deep nesting. */
export function spoilJson(value: unknown, dice: Dice): unknown {
  const holder: Record<string, unknown> = { top: structuredClone(value) };
  for (let left = 1 + (dice.chance(2) ? 0 : dice.below(3)); left > 0; left--) {
    const all = slots(holder);
    // The first slot is the whole value. Replacing it is rarely useful.
    const slot = all.length > 1 && !dice.chance(40) ? all[1 + dice.below(all.length - 1)] : all[0];
    if (slot !== undefined) mutateSlot(slot, all, dice);
  }
  return holder.top;
}

export function jsonText(spoilt: unknown, dice: Dice): string {
  const text = JSON.stringify(spoilt) ?? 'null';
  return text.replaceAll(`"${deepMark}"`, () => deepText(dice));
}

export function mutateJson(value: unknown, dice: Dice): string {
  return jsonText(spoilJson(value, dice), dice);
}
