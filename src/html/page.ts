// A self-contained page: it loads nothing and runs no script, which its Content-Security-Policy enforces.

import { Html, html } from './html.js';
import { pageStyle } from './style.js';

/** @param content of the page's only column. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
${new Html(`<style>${pageStyle}</style>`)}
</head>
<body><main>
${content}
</main></body>
</html>
`.text;
}
