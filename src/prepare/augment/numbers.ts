// The numbers in a text, as digits, so that "two", "2" and 两个 are the same. Words that mostly mean something else, such as
// "one", "second" or 一下, are none.

const words: Readonly<Record<string, string>> = {
  ...{ zero: '0', two: '2', three: '3', four: '4', five: '5', six: '6', seven: '7', eight: '8', nine: '9' },
  ...{ ten: '10', eleven: '11', twelve: '12', thirteen: '13', fourteen: '14', fifteen: '15', sixteen: '16' },
  ...{
    seventeen: '17',
    eighteen: '18',
    nineteen: '19',
    twenty: '20',
    thirty: '30',
    forty: '40',
    fifty: '50',
  },
  ...{ sixty: '60', seventy: '70', eighty: '80', ninety: '90', hundred: '100', thousand: '1000' },
  ...{
    million: '1000000',
    billion: '1000000000',
    dozen: '12',
    half: '0.5',
    twice: '2',
    double: '2',
    third: '3',
  },
};
const digits = '零一二三四五六七八九';
const units: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1000, 万: 10_000, 亿: 100_000_000 };
const numeral = '[零〇一二两三四五六七八九十百千万亿]';
/** After these a single character counts things. 一 alone is often no number. */
const measures =
  '[个张件天年月日号点分秒元块岁次人位本只台部条楼层斤倍折杯瓶间辆份双名周期届]|小时|公里|星期';
const number = new RegExp(
  `\\d+(?:[.,:/-]\\d+)*|\\b(?:${Object.keys(words).join('|')})\\b|${numeral}{2,}|(?!一)${numeral}(?=${measures})`,
  'giu',
);

export function numbersIn(text: string): readonly string[] {
  return (text.normalize('NFKC').match(number) ?? []).map(asDigits);
}

function asDigits(written: string): string {
  const word = words[written.toLowerCase()];
  if (word !== undefined) return word;
  if (/^\d/.test(written)) return written.replace(/(?<=\d),(?=\d{3}(?!\d))/g, '');
  return numeralValue(written);
}

/** 二十五 -> 25. Digits in a row, as in 二零二六, are read one by one. */
function numeralValue(written: string): string {
  const plain = written.replaceAll('两', '二').replaceAll('〇', '零');
  if (![...plain].some((character) => character in units))
    return [...plain].map((character) => digits.indexOf(character)).join('');
  let [total, section, digit] = [0, 0, 0];
  for (const character of plain) {
    const unit = units[character];
    if (unit === undefined) digit = digits.indexOf(character);
    else if (unit < 10_000) [section, digit] = [section + (digit || 1) * unit, 0];
    else if (unit === 10_000) [total, section, digit] = [total + (section + digit) * unit, 0, 0];
    else [total, section, digit] = [(total + section + digit) * unit, 0, 0];
  }
  return String(total + section + digit);
}
