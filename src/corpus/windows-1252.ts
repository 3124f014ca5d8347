// The characters of Windows-1252, which differ from ISO-8859-1 in the bytes 0x80 to 0x9f.

/** Those of the bytes 0x80 to 0x9f. Five bytes have none and are read as control characters. */
export const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** The byte of each character that a byte from 0x80 on is read as, in Windows-1252 or ISO-8859-1. */
export const highBytes: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 0x80 }, (_, index) => [String.fromCharCode(0x80 + index), 0x80 + index] as const),
  ...[...windows1252].map((character, index) => [character, 0x80 + index] as const),
]);
