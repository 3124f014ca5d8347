// Lists of indices of dialogues, in 4 bytes each. `filter` of a typed array first makes a list of objects, and so does an iterator
// of them: millions of indices then take several times the memory.

/** 0, 1, ... */
export function allIndices(length: number): Int32Array<ArrayBuffer> {
  const indices = new Int32Array(length);
  for (let index = 0; index < length; index++) indices[index] = index;
  return indices;
}

/** The indices below `length` that are wanted, ascending. @param isWanted is asked twice about each. */
export function indicesWhere(length: number, isWanted: (index: number) => boolean): Int32Array<ArrayBuffer> {
  let count = 0;
  for (let index = 0; index < length; index++) if (isWanted(index)) count++;
  const indices = new Int32Array(count);
  let place = 0;
  for (let index = 0; index < length; index++) if (isWanted(index)) indices[place++] = index;
  return indices;
}
