// Shows turns. Finished ones stand in a log, which screen readers announce; a growing reply stands beside it, unannounced,
// until it is whole.

import type { Turn } from './conversations.js';
import { byId, element, linked } from './elements.js';
import { word } from './words.js';

export interface Actions {
  copy(turn: Turn, button: HTMLButtonElement): void;
  retry(): void;
  edit(turn: Turn): void;
  thumb(turn: Turn, rating: 'up' | 'down'): void;
  judge(turn: Turn): void;
}

const log = byId('log');
const growing = byId('growing');
const status = byId('status');
const scroller = log.parentElement ?? document.body;

/** Shows all turns anew. Nothing is announced. */
export function showTurns(turns: readonly Turn[], actions: Actions): void {
  // What is not a change is not to be read out.
  log.setAttribute('aria-live', 'off');
  log.replaceChildren(...turns.map((turn, place) => said(turn, place >= turns.length - 2, actions)));
  byId('welcome').hidden = turns.length > 0;
  toEnd();
  requestAnimationFrame(() => log.setAttribute('aria-live', 'polite'));
}

/** Adds a finished turn, which is announced. The turns before it lose what only the last ones have. */
export function addTurn(turns: readonly Turn[], actions: Actions): void {
  byId('welcome').hidden = true;
  const first = Math.max(0, turns.length - 3);
  while (log.children.length > first) log.lastChild?.remove();
  for (const [place, turn] of [...turns.entries()].slice(first))
    log.append(said(turn, place >= turns.length - 2, actions));
  toEnd();
}

/** Shows a reply while it grows; null: no longer. */
export function showGrowing(text: string | null): void {
  const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  status.textContent = text === null ? '' : word('writing');
  if (text === null) growing.replaceChildren();
  else growing.replaceChildren(element('div', { class: 'said bot' }, element('p', {}, ...linked(text))));
  // Whoever has scrolled up to read is left there.
  if (isAtEnd) toEnd();
}

function toEnd(): void {
  scroller.scrollTop = scroller.scrollHeight;
}

function said(turn: Turn, isLast: boolean, actions: Actions): HTMLElement {
  const who = element('span', { class: 'unseen', text: `${word(turn.who)}: ` });
  const paragraph = element('p', {}, who, ...linked(turn.text));
  const item = element('div', { class: `said ${turn.who}` }, paragraph);
  if (turn.isCut) item.append(element('span', { class: 'cut', text: word('stopped') }));
  if (turn.source !== undefined) item.title = turn.source;
  item.append(tools(turn, isLast, actions));
  return item;
}

function tools(turn: Turn, isLast: boolean, actions: Actions): HTMLElement {
  const copy = element('button', {
    icon: 'copy',
    label: word('copy'),
    click: () => actions.copy(turn, copy),
  });
  const bar = element('div', { class: 'tools' }, copy);
  if (turn.who === 'you') {
    if (isLast)
      bar.append(element('button', { icon: 'edit', label: word('edit'), click: () => actions.edit(turn) }));
    return bar;
  }
  if (isLast)
    bar.append(element('button', { icon: 'retry', label: word('retry'), click: () => actions.retry() }));
  if (turn.id === undefined) return bar;
  for (const [rating, label] of [
    ['up', word('good')],
    ['down', word('bad')],
  ] as const) {
    const thumb = element('button', { icon: rating, label, click: () => actions.thumb(turn, rating) });
    thumb.setAttribute('aria-pressed', String(turn.rating === rating));
    bar.append(thumb);
  }
  const judge = element('button', { icon: 'star', label: word('judge'), click: () => actions.judge(turn) });
  if (typeof turn.rating === 'number') judge.append(String(turn.rating));
  bar.append(judge);
  return bar;
}
