// Thumbs, and the dialog with stars, a comment and a better reply.

import type { Feedback } from '../chat-protocol.js';
import { byId, element } from './elements.js';
import { icon } from './icons.js';
import { word } from './words.js';

const dialog = byId<HTMLDialogElement>('judge');
const comment = byId<HTMLTextAreaElement>('comment');
const better = byId<HTMLTextAreaElement>('better');
const stars = [1, 2, 3, 4, 5].map((count) => {
  const star = element('input', { label: `${count} ${word('star')}` });
  star.type = 'radio';
  star.name = 'stars';
  star.value = String(count);
  return star;
});
dialog.querySelector('.stars')?.append(...stars.map((star) => element('label', {}, star, icon('star'))));

/** Asks for stars and words. @returns null when the reader gives none. */
export async function judged(id: string, before: Feedback['rating'] | undefined): Promise<Feedback | null> {
  for (const star of stars) star.checked = star.value === String(before);
  comment.value = '';
  better.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue !== 'send') return null;
  const chosen = stars.find(({ checked }) => checked);
  const words = comment.value.trim();
  const reply = better.value.trim();
  if (chosen === undefined && words === '' && reply === '') return null;
  return {
    id,
    // Who says what it should have said, or only comments, without stars: the thumb from before, or down.
    rating: chosen ? (Number(chosen.value) as 1 | 2 | 3 | 4 | 5) : (before ?? 'down'),
    ...(words === '' ? {} : { comment: words }),
    ...(reply === '' ? {} : { better_reply: reply }),
  };
}
