// The part of a page that lists suspicious replies.

import { type Html, html } from '../../html/html.js';
import type { ListedReply, Suspicion } from './suspicion.js';

/** Hides what must not be shown of the texts of one dialogue. */
export interface TextMask {
  masked(texts: readonly string[]): readonly string[];
}

const shown: TextMask = { masked: (texts) => texts };

export function suspicionSection(
  { model, replies, unlearned = 0, highest, lowest }: Suspicion,
  mask: TextMask = shown,
): Html {
  return html`<h2>Suspicious replies</h2>
<p class="quiet">How likely ${model} finds each of ${replies} replies after the turns before it. The loss is the mean over the tokens of
a reply. The score says how many standard deviations it lies above the mean of replies of about the same length.${unlearned > 0 ? ` The ${unlearned} least likely ${unlearned === 1 ? 'reply is' : 'replies are'} not learned.` : null}</p>
${replyTable('Least likely: perhaps another speaker or thread, another language, or a paste', highest, mask)}
${replyTable('Most likely: perhaps boilerplate', lowest, mask)}`;
}

function replyTable(title: string, replies: readonly ListedReply[], mask: TextMask): Html {
  const rows = replies.map(({ id, source, turn, before, text, loss, score }) => {
    const [asked = '', answered = ''] = mask.masked([before, text]);
    return html`<tr><td class="number">${score.toFixed(1)}</td><td class="number">${loss.toFixed(2)}</td><td><p class="said quiet">${shortened(asked)}</p><p class="said">${shortened(answered)}</p></td><td>${source}, turn ${turn}${id === '' ? null : html`<br><code>${id}</code>`}</td></tr>`;
  });
  return html`<section class="sample"><h3>${title}</h3><table>
<thead><tr><th>score</th><th>loss</th><th>reply, after what it answers</th><th>place</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

const longest = 600;

function shortened(text: string): string {
  return text.length > longest ? `${text.slice(0, longest).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
