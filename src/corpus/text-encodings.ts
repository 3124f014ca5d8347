// How people name encodings. `auto` is UTF-8, or Windows-1252 if a file cannot be UTF-8.

export const textEncodings = ['auto', 'utf-8', 'windows-1252'] as const;

export type TextEncoding = (typeof textEncodings)[number];
