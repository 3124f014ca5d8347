// A fuzz target for JSON objects that are read in parts: everything must be as if the object is read whole.

import assert from 'node:assert/strict';
import { inParts, jsonTexts, type Reading, readJson, whole } from '../../json-in-parts.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateText } from '../mutate-text.js';
import { fileOf, type Target, withFiles } from '../target.js';

const name = 'document.json';
const words = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u', 'null', 'NaN', '1e999', '\n', '\u0000', '{"a":', '[['],
  ...['"data": [', '"messages": [', '"chats": {"list": [', '"conversations": [[', '"__proto__": {', '"7": {'],
];

export const jsonInParts: Target = {
  about: 'a JSON object that is read in parts, compared with the whole',
  seeds: jsonTexts.map((text) => new Map([[name, Buffer.from(text)]])),
  mutate(seed, dice, other) {
    const [bytes, splice] = [fileOf(seed, name), fileOf(other, name)];
    const mutant = dice.chance(3)
      ? mutateBytes(bytes, dice, splice)
      : mutateText(bytes.toString(), dice, words, splice.toString());
    return withFiles(seed, { [name]: mutant });
  },
  read(_, files) {
    const text = fileOf(files, name).toString();
    const size = text.length % 2 === 0 ? 65_536 : 7;
    const expected = readJson(text, whole, size);
    for (const limits of [inParts, { ...whole, streamed: 40, kept: 20 }]) {
      const read = readJson(text, limits, size);
      if (isValid(text)) assert.deepEqual(read, expected);
      else if (![read, expected].some(isOfLines)) assert.equal(isRefused(read), isRefused(expected));
    }
  },
};

/** Whether a broken text was taken for JSON lines. That is a guess, which depends on how much of the text is in memory. */
function isOfLines({ outcome, tally }: Reading): boolean {
  return tally.bad > 0 || outcome.includes('records cannot be read');
}

function isRefused({ outcome }: Reading): boolean {
  return outcome.startsWith('x:');
}

function isValid(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
