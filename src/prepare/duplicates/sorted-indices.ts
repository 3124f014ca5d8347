// Sorts by 32-bit keys without objects: millions of keys in typed arrays.

const digitBits = 11;

/**
 * The indices below `length` in ascending order of their keys: a radix sort, which is stable.
 * @param keyOf 32 bits that are compared as an unsigned integer, always the same for an index.
 */
export function sortedIndices(length: number, keyOf: (index: number) => number): Uint32Array {
  let order = new Uint32Array(length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  let other = new Uint32Array(length);
  for (let shift = 0; shift < 32; shift += digitBits) {
    const places = new Uint32Array(2 ** digitBits + 1);
    const digitOf = (index: number) => (keyOf(index) >>> shift) & (2 ** digitBits - 1);
    for (let at = 0; at < order.length; at++) {
      const digit = digitOf(order[at] ?? 0) + 1;
      places[digit] = (places[digit] ?? 0) + 1;
    }
    for (let digit = 1; digit < places.length; digit++)
      places[digit] = (places[digit] ?? 0) + (places[digit - 1] ?? 0);
    for (let at = 0; at < order.length; at++) {
      const index = order[at] ?? 0;
      const digit = digitOf(index);
      const place = places[digit] ?? 0;
      other[place] = index;
      places[digit] = place + 1;
    }
    [order, other] = [other, order];
  }
  return order;
}
