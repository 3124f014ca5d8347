// What the text of a WhatsApp message says: words, a picture or other content that was left out, or a notice of the app.
// Since 2024 notices look like messages: they have a name, and only an invisible mark before the text tells them apart.

import type { MessageKind } from '../chat/message.js';
import { invisible } from './whatsapp-dates.js';
import {
  endsInPlaceholder,
  isAttachedMark,
  isEditedMark,
  isPollHeading,
  placeholderKind,
  saysDeed,
} from './whatsapp-phrases.js';

/** The rest of a line after its head. */
export interface Body {
  /** Null if the line has no name, as notices of older exports. */
  readonly speaker: string | null;
  /** Without invisible marks in front. */
  readonly text: string;
  /** Whether the text began with the mark that WhatsApp puts before what it writes itself: U+200E. */
  readonly isMarked: boolean;
}

export interface Part {
  readonly kind: MessageKind;
  readonly text: string;
}

/** Longer names are part of a sentence with a colon in it. */
const longestName = 100;

const isEdge = new RegExp(`[\\s${invisible}]`, 'u');
const marksInFront = new RegExp(`^[\\s${invisible}]+`, 'u');
/** A mention, which WhatsApp wraps into marks of direction. */
const mention = /@\u2068([^\u2069]*)\u2069/g;

/** @param isTight names end in a colon without a blank. */
export function bodyOf(rest: string, isTight: boolean): Body {
  const colon = isTight ? rest.indexOf(':') : colonWithBlank(rest);
  const name = colon < 0 || colon > 2 * longestName ? '' : nameOf(rest.slice(0, colon));
  if (name === '' || name.length > longestName || isSentence(name))
    return { speaker: null, ...markedText(rest) };
  return { speaker: name, ...markedText(rest.slice(colon + 1)) };
}

/** The first colon that a blank or the end of the line follows. Once-viewed content is `Ann:.`, without a blank. */
function colonWithBlank(rest: string): number {
  const match = /:(?=\s|$|[\u200e\u200f]|\.$)/.exec(rest);
  return match?.index ?? -1;
}

/** A notice such as `Ann changed the subject to "Plan: B"`. */
function isSentence(name: string): boolean {
  return /["“„«]/.test(name) && saysDeed(name);
}

/** Without blanks and invisible marks at both ends. A pattern would take quadratic time for many blanks in the middle. */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isEdge.test(text[start] ?? '')) start++;
  while (end > start && isEdge.test(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

/** Strangers have `~` before their name. */
function nameOf(written: string): string {
  return trimmed(written)
    .replace(/[\u2066-\u2069\u200e\u200f\u202a-\u202e]/g, '')
    .replace(/^~\s*/, '')
    .replace(/\s+/gu, ' ');
}

function markedText(text: string): { readonly text: string; readonly isMarked: boolean } {
  const front = marksInFront.exec(text)?.[0] ?? '';
  return { text: text.slice(front.length), isMarked: front.includes('\u200e') };
}

/** Whether a first line is the text of a person, so that its name is no group's. */
export function isOrdinary(speaker: string, text: string, isMarked: boolean): boolean {
  if (isMarked) return isContent(text);
  return placeholderKind(text) !== 'aside' && !saysDeed(`${speaker} ${text}`) && !saysDeed(text);
}

/** Whether a line stands for content of a person: a picture, an attachment, a poll. */
function isContent(line: string): boolean {
  return (
    placeholderKind(line) === 'cut' ||
    attachmentOf(line) !== undefined ||
    endsInPlaceholder(line) ||
    isPlace(line) ||
    isPollHeading(line)
  );
}

/**
 * The parts of a message: one, or a picture and its caption.
 * @param more the lines after the first one.
 * @param writes whether the speaker is a person who writes at all.
 */
export function messagesOf(
  { speaker, text, isMarked }: Body,
  more: readonly string[],
  writes: boolean,
): Part[] {
  const first = trimmed(text);
  if (speaker === null || !writes) return [{ kind: 'aside', text: '' }];
  if (isOwnNotice(speaker, first)) return [{ kind: 'aside', text: '' }];
  const whole = [text, ...more].join('\n');
  if (isPollHeading(first)) return [{ kind: 'cut', text: '' }];
  const content = leftOut(first);
  if (content !== undefined) {
    const { kind, caption } = content;
    return [{ kind, text: '' }, ...spoken([caption, ...more].join('\n'))];
  }
  if (isMarked && !isEdited(trimmed(whole))) return [{ kind: 'aside', text: '' }];
  return spoken(whole);
}

/** A notice that has its person as the name: `Ann: Ann left`. */
function isOwnNotice(speaker: string, text: string): boolean {
  return text.startsWith(speaker) && saysDeed(text);
}

/** What a first line leaves out, and the words beside it. */
function leftOut(line: string): { readonly kind: 'cut' | 'aside'; readonly caption: string } | undefined {
  const placeholder = placeholderKind(line);
  if (placeholder) return { kind: placeholder, caption: '' };
  const attachment = attachmentOf(line);
  if (attachment) {
    const { name, caption } = attachment;
    return { kind: /\.webp$|STICKER/i.test(name) ? 'aside' : 'cut', caption };
  }
  const isOther =
    endsInPlaceholder(line) || isPlace(line) || line === 'null' || line === ':.' || line === '.';
  return isOther ? { kind: 'cut', caption: '' } : undefined;
}

/** `caption <attached: 00000042-PHOTO.jpg>` or `IMG-20240506-WA0001.jpg (file attached)`. */
function attachmentOf(line: string): { readonly name: string; readonly caption: string } | undefined {
  const [, before = '', wrapped] = /^(.{0,4000}?)<[^<>:\n]{2,30}:\s?([^<>\n]+\.\w{1,5})>$/u.exec(line) ?? [];
  if (wrapped !== undefined) return { name: wrapped, caption: captionOf(before, wrapped) };
  const [, name, words = ''] = /^(.{1,300}\.\w{1,5}) \(([^()]{3,40})\)$/u.exec(line) ?? [];
  const isAttached = name !== undefined && (isAttachedMark(words) || /^[A-Z]{3}-\d{8}-WA\d+/.test(name));
  return isAttached ? { name, caption: '' } : undefined;
}

/** Documents repeat their name and say how many pages they have. */
function captionOf(before: string, name: string): string {
  const words = trimmed(before);
  const title = trimmed(words.split('•')[0] ?? '');
  return title !== '' && name.endsWith(title) ? '' : words;
}

/** `location: https://maps.google.com/?q=1,2`. */
function isPlace(line: string): boolean {
  return /^[^\n]{0,200}?:?\s?https:\/\/(?:maps\.google\.com|maps\.app\.goo\.gl|foursquare\.com|www\.google\.com\/maps)\/\S+$/u.test(
    line,
  );
}

/** Words, or nothing if there are none. A message that is only a link may be answered, but not by what it says. */
function spoken(text: string): Part[] {
  const words = trimmed(withoutEditMark(trimmed(text)).replace(mention, '@$1'));
  if (words === '') return [];
  return /^https?:\/\/\S+$/.test(words) ? [{ kind: 'cut', text: '' }] : [{ kind: 'text', text: words }];
}

const editMark = /[\s\u200e]{0,4}<([^<>\n]{5,60})>$/u;

function isEdited(text: string): boolean {
  const mark = editMark.exec(text);
  return mark !== null && (isEditedMark(mark[1] ?? '') || mark[0].includes('\u200e'));
}

function withoutEditMark(text: string): string {
  return isEdited(text) ? text.replace(editMark, '') : text;
}
