// The values of `--encoding`. `auto` is UTF-8, or the encoding that detect-encoding.ts recognizes in a file that is not.

import { encodings } from './encoding.js';

export const textEncodings = ['auto', ...encodings] as const;

export type TextEncoding = (typeof textEncodings)[number];
