// Addresses of crypto currencies: Bitcoin, with its checksum, and Ethereum.

import { createHash } from 'node:crypto';
import type { Recognizer } from '../recognizer.js';

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** Base58Check: the last 4 of 25 bytes are the start of a double SHA-256 of the others. */
function isBase58Check(value: string): boolean {
  let number = 0n;
  for (const character of value) number = number * 58n + BigInt(base58.indexOf(character));
  const bytes = Buffer.from(number.toString(16).padStart(50, '0'), 'hex');
  return bytes.length === 25 && sha256(sha256(bytes.subarray(0, 21))).compare(bytes, 21, 25, 0, 4) === 0;
}

export const crypto: Recognizer = {
  entity: 'crypto',
  about: 'addresses of Bitcoin and Ethereum',
  byDefault: true,
  digits: 1,
  forms: [
    { pattern: /(?<![A-Za-z\d])[13][1-9A-HJ-NP-Za-km-z]{25,34}(?![A-Za-z\d])/gu, confirms: isBase58Check },
    { pattern: /(?<![A-Za-z\d])(?:bc1[02-9ac-hj-np-z]{25,87}|BC1[02-9AC-HJ-NP-Z]{25,87})(?![A-Za-z\d])/gu },
    { pattern: /(?<![A-Za-z\d])0x[\dA-Fa-f]{40}(?![A-Za-z\d])/gu },
  ],
  finds: [
    ['send it to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'],
    ['eth 0x52908400098527886E0F7030069857D2E4169EE7', '0x52908400098527886E0F7030069857D2E4169EE7'],
    ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'],
  ],
  passes: ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3', '0x5290', 'bc1', '1234567890123456789012345678'],
};
