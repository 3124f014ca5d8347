// The units that are known: what they measure, their exact factors, and what people call them. To add one, add a line.

import { parseRational, type Rational, rational } from './rational.js';

export interface Unit {
  readonly symbol: string;
  readonly measures: 'length' | 'mass' | 'temperature' | 'volume' | 'speed' | 'area' | 'data';
  /** A value of the unit times `factor` plus `offset` is the same in metre, kilogram, kelvin, litre, m/s, m² or byte. */
  readonly factor: Rational;
  readonly offset: Rational;
  /** Besides the symbol. */
  readonly names: readonly string[];
}

const nothing = rational(0n);

/** @param factor decimal notation, or a fraction: `2000/3`. */
function unit(measures: Unit['measures'], symbol: string, factor: string, ...names: readonly string[]): Unit {
  const [top = '', bottom = '1'] = factor.split('/');
  const [above, below] = [parseRational(top), parseRational(bottom)];
  const value = rational(above.numerator * below.denominator, above.denominator * below.numerator);
  return { symbol, measures, factor: value, offset: nothing, names };
}

export const unitTable: readonly Unit[] = [
  unit('length', 'nm', '0.000000001', 'nanometer', 'nanometers', 'nanometre', 'nanometres', '纳米'),
  unit('length', 'µm', '0.000001', 'μm', 'um', 'micrometer', 'micrometers', 'micron', 'microns', '微米'),
  unit('length', 'mm', '0.001', 'millimeter', 'millimeters', 'millimetre', 'millimetres', '毫米'),
  unit('length', 'cm', '0.01', 'centimeter', 'centimeters', 'centimetre', 'centimetres', '厘米', '公分'),
  unit('length', 'dm', '0.1', 'decimeter', 'decimeters', '分米'),
  unit('length', 'm', '1', 'meter', 'meters', 'metre', 'metres', '米', '公尺'),
  unit('length', 'km', '1000', 'kilometer', 'kilometers', 'kilometre', 'kilometres', 'kms', '千米', '公里'),
  unit('length', 'in', '0.0254', 'inch', 'inches', '英寸', '吋'),
  unit('length', 'ft', '0.3048', 'foot', 'feet', '英尺'),
  unit('length', 'yd', '0.9144', 'yard', 'yards', '码'),
  unit('length', 'mi', '1609.344', 'mile', 'miles', '英里'),
  unit('length', 'nmi', '1852', 'nautical mile', 'nautical miles', '海里'),
  unit('length', '里', '500', '华里', '市里'),
  unit('length', '丈', '10/3'),
  unit('length', '尺', '1/3', '市尺'),
  unit('length', '寸', '1/30', '市寸'),

  unit('mass', 'mg', '0.000001', 'milligram', 'milligrams', '毫克'),
  unit('mass', 'g', '0.001', 'gram', 'grams', 'gramme', 'grammes', '克'),
  unit('mass', 'kg', '1', 'kilogram', 'kilograms', 'kilo', 'kilos', 'kgs', '千克', '公斤'),
  unit('mass', 't', '1000', 'tonne', 'tonnes', 'metric ton', 'metric tons', '吨', '公吨'),
  unit('mass', 'oz', '0.028349523125', 'ounce', 'ounces', '盎司'),
  unit('mass', 'lb', '0.45359237', 'lbs', 'pound', 'pounds', '磅'),
  unit('mass', 'st', '6.35029318', 'stone', 'stones', '英石'),
  unit('mass', 'short tons', '907.18474', 'short ton'),
  unit('mass', 'long tons', '1016.0469088', 'long ton'),
  unit('mass', '斤', '0.5', '市斤'),
  unit('mass', '两', '0.05', '市两'),

  unit('temperature', 'K', '1', 'kelvin', 'kelvins', '开尔文'),
  {
    ...unit(
      'temperature',
      '°C',
      '1',
      'C',
      'celsius',
      'centigrade',
      'degrees celsius',
      'degree celsius',
      '摄氏度',
      '摄氏',
    ),
    offset: parseRational('273.15'),
  },
  {
    ...unit(
      'temperature',
      '°F',
      '5/9',
      'F',
      'fahrenheit',
      'degrees fahrenheit',
      'degree fahrenheit',
      '华氏度',
      '华氏',
    ),
    offset: rational(45967n, 180n),
  },

  unit('volume', 'ml', '0.001', 'mL', 'milliliter', 'milliliters', 'millilitre', 'millilitres', '毫升'),
  unit('volume', 'cl', '0.01', 'centiliter', 'centiliters', 'centilitre', 'centilitres', '厘升'),
  unit('volume', 'l', '1', 'L', 'liter', 'liters', 'litre', 'litres', '升', '公升'),
  unit(
    'volume',
    'm³',
    '1000',
    'm3',
    'm^3',
    'cubic meter',
    'cubic meters',
    'cubic metre',
    'cubic metres',
    '立方米',
  ),
  unit('volume', 'cm³', '0.001', 'cm3', 'cm^3', 'cubic centimeter', 'cubic centimeters', '立方厘米'),
  unit('volume', 'US gallons', '3.785411784', 'US gallon', 'gallon', 'gallons', 'gal', '加仑', '美制加仑'),
  unit('volume', 'imperial gallons', '4.54609', 'imperial gallon', 'UK gallon', 'UK gallons', '英制加仑'),
  unit('volume', 'US quarts', '0.946352946', 'US quart', 'quart', 'quarts'),
  unit('volume', 'US pints', '0.473176473', 'US pint', 'pint', 'pints'),
  unit('volume', 'imperial pints', '0.56826125', 'imperial pint', 'UK pint', 'UK pints'),
  unit('volume', 'US cups', '0.2365882365', 'US cup', 'cup', 'cups'),
  unit('volume', 'US fl oz', '0.0295735295625', 'fl oz', 'fluid ounce', 'fluid ounces', '液体盎司'),
  unit('volume', 'US tbsp', '0.01478676478125', 'tbsp', 'tablespoon', 'tablespoons'),
  unit('volume', 'US tsp', '0.00492892159375', 'tsp', 'teaspoon', 'teaspoons'),

  unit('speed', 'm/s', '1', 'meters per second', 'metres per second', '米每秒', '米/秒'),
  unit(
    'speed',
    'km/h',
    '5/18',
    'kmh',
    'kph',
    'kilometers per hour',
    'kilometres per hour',
    '公里每小时',
    '千米每小时',
    '公里/小时',
  ),
  unit('speed', 'mph', '0.44704', 'miles per hour', '英里每小时'),
  unit('speed', 'kn', '463/900', 'knot', 'knots', '节'),
  unit('speed', 'ft/s', '0.3048', 'feet per second'),

  unit('area', 'mm²', '0.000001', 'mm2', 'square millimeters', 'square millimetres', '平方毫米'),
  unit('area', 'cm²', '0.0001', 'cm2', 'cm^2', 'square centimeters', 'square centimetres', '平方厘米'),
  unit(
    'area',
    'm²',
    '1',
    'm2',
    'm^2',
    'sqm',
    'square meter',
    'square meters',
    'square metre',
    'square metres',
    '平方米',
    '平米',
  ),
  unit(
    'area',
    'km²',
    '1000000',
    'km2',
    'km^2',
    'square kilometers',
    'square kilometres',
    'square kilometer',
    '平方公里',
    '平方千米',
  ),
  unit('area', 'ha', '10000', 'hectare', 'hectares', '公顷'),
  unit('area', 'acres', '4046.8564224', 'acre', '英亩'),
  unit('area', 'in²', '0.00064516', 'sq in', 'square inch', 'square inches', '平方英寸'),
  unit('area', 'ft²', '0.09290304', 'sq ft', 'sqft', 'square foot', 'square feet', '平方英尺'),
  unit('area', 'yd²', '0.83612736', 'square yard', 'square yards', '平方码'),
  unit('area', 'mi²', '2589988.110336', 'square mile', 'square miles', '平方英里'),
  unit('area', '亩', '2000/3', '市亩'),

  unit('data', 'bit', '0.125', 'bits', '比特'),
  unit('data', 'B', '1', 'byte', 'bytes', '字节'),
  unit('data', 'kB', '1000', 'KB', 'kilobyte', 'kilobytes', '千字节'),
  unit('data', 'MB', '1000000', 'megabyte', 'megabytes', '兆字节'),
  unit('data', 'GB', '1000000000', 'gigabyte', 'gigabytes', '吉字节'),
  unit('data', 'TB', '1000000000000', 'terabyte', 'terabytes', '太字节'),
  unit('data', 'PB', '1000000000000000', 'petabyte', 'petabytes'),
  unit('data', 'KiB', '1024', 'kibibyte', 'kibibytes'),
  unit('data', 'MiB', '1048576', 'mebibyte', 'mebibytes'),
  unit('data', 'GiB', '1073741824', 'gibibyte', 'gibibytes'),
  unit('data', 'TiB', '1099511627776', 'tebibyte', 'tebibytes'),
  unit('data', 'kbit', '125', 'kilobit', 'kilobits'),
  unit('data', 'Mbit', '125000', 'megabit', 'megabits', 'Mb'),
  unit('data', 'Gbit', '125000000', 'gigabit', 'gigabits', 'Gb'),
];
