// The files of the chat page, and the headers that keep it to itself: it loads from its own address only, runs no script but
// its own, and is framed only by sites that are named.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  /** Changes with the body. */
  readonly etag: string;
}

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
} as const;

const modules = [
  'conversations',
  'elements',
  'icons',
  'judge',
  'page',
  'service',
  'transcript',
  'widget',
  'words',
];
const names = ['index.html', 'page.css', ...modules.map((name) => `${name}.js`)];

/** The files by their paths: `/`, `/page.css`, `/widget.js`, ... */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const read = names.map(async (name): Promise<[string, PageFile]> => {
    const body = await readFile(new URL(`page/${name}`, import.meta.url));
    const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types];
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return [name === 'index.html' ? '/' : `/${name}`, { type, body, gzipped: gzipSync(body), etag }];
  });
  return new Map(await Promise.all(read));
}

/**
 * The headers of every file of the page.
 * @param embedders origins of sites that may show the page in a frame: `https://shop.example`.
 */
export function pageHeaders(embedders: readonly string[]): Readonly<Record<string, string>> {
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self'",
    'img-src': "'self' data:",
    'base-uri': "'none'",
    // Dialogs are forms that send nothing.
    'form-action': "'none'",
    'frame-ancestors': ["'self'", ...embedders].join(' '),
    'require-trusted-types-for': "'script'",
  };
  return {
    'content-security-policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    'cross-origin-opener-policy': 'same-origin',
    ...(embedders.length === 0 ? { 'x-frame-options': 'SAMEORIGIN' } : {}),
  };
}
