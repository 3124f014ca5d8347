// Elements with text or icons. Replies are strangers' text: everything is set as text or as a property, never as HTML.

import { type Icon, icon } from './icons.js';

interface Properties {
  readonly class?: string;
  readonly text?: string;
  readonly icon?: Icon;
  /** The name of what shows no text. */
  readonly label?: string;
  readonly click?: () => void;
}

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  const { text, label, click } = properties;
  if (properties.class !== undefined) made.className = properties.class;
  if (text !== undefined) made.textContent = text;
  if (properties.icon !== undefined) made.append(icon(properties.icon));
  if (label !== undefined) {
    made.setAttribute('aria-label', label);
    made.title = label;
  }
  if (click) made.addEventListener('click', click);
  made.append(...children);
  return made;
}

/** The element of the page with this id. */
export function byId<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Type;
}

/** Web addresses in a text become links that tell the other site nothing of this page. */
export function linked(text: string): Node[] {
  return text.split(/(https?:\/\/[^\s<>"'，。、；：！？）】》]{1,2000})/).map((part, place) => {
    if (place % 2 === 0) return document.createTextNode(part);
    const address = part.replace(/[.,;:!?)\]]{1,20}$/, '');
    if (!URL.canParse(address)) return document.createTextNode(part);
    const link = element('a', { text: address });
    link.href = address;
    link.rel = 'noopener noreferrer nofollow';
    link.target = '_blank';
    const fragment = document.createDocumentFragment();
    fragment.append(link, part.slice(address.length));
    return fragment;
  });
}
