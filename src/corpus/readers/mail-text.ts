// The words of a message that was sent by e-mail: without the mail that it quotes, without the signature, without HTML.

import type { Tally } from '../tally.js';

/** What mail programs write above the mail that they quote. Everything from there on is quoted. */
const quotes: readonly RegExp[] = [
  /^\s*On .{4,200} wrote:\s*$/,
  /^\s*Am .{4,200} schrieb.{0,200}:\s*$/,
  /^\s*Le .{4,200} a écrit\s?:\s*$/,
  /^\s*El .{4,200} escribió:\s*$/,
  /^\s*在.{4,200}写道[:：]\s*$/,
  /^\s*-{2,} ?(?:Original Message|Ursprüngliche Nachricht|Message d'origine|Forwarded message|原始邮件) ?-{2,}/i,
  /^\s*##- ?Please type your reply above this line ?-##/,
  /^\s*_{20,}\s*$/,
];

/** The first line of a signature. Everything from there on is signature. */
const signatures: readonly RegExp[] = [
  /^-- ?$/,
  /^\s*(?:Sent from my|Get Outlook for|Von meinem|Gesendet mit|Envoyé de mon|Enviado desde mi|发自我的) ?\S.{0,60}$/,
];

/** Whether a line begins a quoted mail or a signature. */
export function hasMailRemains(text: string): boolean {
  return text.split('\n').some(beginsRemains);
}

function beginsRemains(line: string): boolean {
  return [...quotes, ...signatures].some((start) => start.test(line));
}

/** What the author of a message wrote. Counts what was cut off. */
export function ownWords(text: string, tally: Tally): string {
  const plain = text.replace(/\r\n?/g, '\n').trim();
  if (!plain.includes('\n')) return plain;
  const own = mailText(plain);
  if (own.length < plain.length) tally.count('mailCut');
  return own;
}

export function mailText(text: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex(beginsRemains);
  // A mail that begins with a quote is kept, because it would be empty otherwise.
  const own = end > 0 ? lines.slice(0, end) : lines;
  const unquoted = own.filter((line) => !/^\s*>/.test(line));
  return (unquoted.some((line) => line.trim() !== '') ? unquoted : own).join('\n').trim();
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Whether all of a text is HTML, rather than words about it. */
export function isHtml(text: string): boolean {
  return /^\s*<(?:p|div|span|html|body|table|!doctype)\b[^<>]{0,2000}>/i.test(text);
}

/** The text of simple HTML, as helpdesks write it. Paragraphs and breaks become line breaks. */
export function fromHtml(html: string): string {
  return html
    .replace(/<(style|script|blockquote)\b[^>]{0,2000}>[\s\S]*?<\/\1\s{0,10}>/gi, '')
    .replace(/<br\b[^>]{0,200}>|<\/(?:p|div|li|tr|h[1-6])\s{0,10}>/gi, '\n')
    .replace(/<[a-z/!][^<>]{0,5000}>/gi, '')
    .replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{1,8}));/gi, (whole, decimal, hex, name) => {
      if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
        ? String.fromCodePoint(code)
        : '\ufffd';
    })
    .replace(/(?<![ \t])[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
