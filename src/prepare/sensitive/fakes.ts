// What the fakes of several recognizers are made of.

import type { Random } from '../../random.js';

export function oneOf<Item>(items: readonly [Item, ...Item[]], random: Random): Item {
  return items[random.below(items.length)] ?? items[0];
}

export function randomDigits(count: number, random: Random): string {
  return Array.from({ length: count }, () => String(random.below(10))).join('');
}

/** Writes digits into a text in place of its own, from the left, so that separators stay. */
export function withDigits(text: string, digits: string): string {
  let at = 0;
  return text.replace(/\d/g, (digit) => digits[at++] ?? digit);
}

const englishFirst = [
  'Alex', 'Robin', 'Sam', 'Jamie', 'Casey', 'Taylor', 'Morgan', 'Riley', 'Jordan', 'Avery', 'Quinn', 'Rowan',
  'Emery', 'Harper', 'Skyler', 'Reese', 'Blake', 'Cameron', 'Devon', 'Elliot', 'Finley', 'Hayden', 'Kendall', 'Logan',
] as const; // biome-ignore format: a list
const englishLast = [
  'Archer', 'Barlow', 'Carver', 'Dalton', 'Ellis', 'Fletcher', 'Garner', 'Hollis', 'Irving', 'Jarvis', 'Keller', 'Lowell',
  'Mercer', 'Norwood', 'Osborn', 'Parson', 'Quincy', 'Redford', 'Sawyer', 'Thorne', 'Upton', 'Vance', 'Weller', 'Yates',
] as const; // biome-ignore format: a list
const chineseLast = [...'林陈赵周吴郑孙徐马朱胡郭何高罗梁宋唐许邓'] as unknown as readonly [
  string,
  ...string[],
];
const chineseFirst = [
  '子涵', '思远', '雨桐', '嘉宁', '若溪', '文博', '晓彤', '浩然', '静怡', '俊杰', '欣妍', '泽宇', '梦琪', '志强', '雅婷', '明轩',
] as const; // biome-ignore format: a list

/** A name in two parts, first and last in the order of the language. */
export function fakeName(random: Random, isChinese: boolean): readonly [string, string] {
  return isChinese
    ? [oneOf(chineseLast, random), oneOf(chineseFirst, random)]
    : [oneOf(englishFirst, random), oneOf(englishLast, random)];
}

const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Random characters of the same shape: digits for digits, letters for letters of the same case. Others stay. */
export function sameShape(value: string, random: Random): string {
  return value.replace(/[A-Za-z\d]/g, (character) => {
    if (character >= '0' && character <= '9') return randomDigits(1, random);
    const letter = capitals[random.below(26)] ?? '';
    return character >= 'a' ? letter.toLowerCase() : letter;
  });
}
