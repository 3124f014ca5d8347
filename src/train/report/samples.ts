// The replies to the same prompts, evaluation by evaluation: they show how a model learns to answer, for people instead of
// numbers. All text here is untrusted; html.ts escapes it.

import { type Html, html } from '../../html/html.js';
import type { EvaluationEvent } from '../events.js';
import { evenly, formatNumber } from './numbers.js';

const evaluationsShown = 12;

interface Said {
  readonly evaluation: EvaluationEvent;
  readonly reply: string;
}

interface Conversation {
  readonly prompt: string;
  readonly reference: string;
  readonly replies: Said[];
}

export function repliesByPrompt(evaluations: readonly EvaluationEvent[], best: EvaluationEvent | null): Html {
  const talking = evaluations.filter(({ samples }) => samples.length > 0);
  if (talking.length === 0) return html`<p class="quiet">No replies were sampled.</p>`;
  const few = new Set(evenly(talking, evaluationsShown));
  const shown = talking.filter((evaluation) => few.has(evaluation) || evaluation === best);
  const note =
    shown.length < talking.length
      ? html`<p class="quiet">${shown.length} of ${talking.length} evaluations; metrics.jsonl has all.</p>`
      : null;
  return html`${note}${conversationsOf(shown).map((conversation) => drawConversation(conversation, best))}`;
}

function conversationsOf(evaluations: readonly EvaluationEvent[]): readonly Conversation[] {
  const conversations = new Map<string, Conversation>();
  for (const evaluation of evaluations)
    for (const { prompt, reply, reference } of evaluation.samples) {
      const key = JSON.stringify([prompt, reference]);
      const conversation = conversations.get(key) ?? { prompt, reference, replies: [] };
      conversation.replies.push({ evaluation, reply });
      conversations.set(key, conversation);
    }
  return [...conversations.values()];
}

function drawConversation({ prompt, reference, replies }: Conversation, best: EvaluationEvent | null): Html {
  return html`<section class="sample">
<h3><span class="who">Prompt</span><span class="prompt said" dir="auto">${prompt}</span></h3>
<table>
<thead><tr><th scope="col">Step</th><th scope="col">Epoch</th><th scope="col">Loss</th><th scope="col">Reply</th></tr></thead>
<tbody>${replies.map(({ evaluation, reply }) => drawReply(evaluation, reply, evaluation === best))}</tbody>
<tfoot><tr class="reference"><th scope="row" colspan="3">In the corpus</th><td class="said reply" dir="auto">${reference}</td></tr></tfoot>
</table>
</section>`;
}

function drawReply({ step, epoch, evalLoss }: EvaluationEvent, reply: string, isBest: boolean): Html {
  return html`<tr class="${isBest ? 'is-best' : ''}"><th scope="row" class="number">${formatNumber(step)}</th><td class="number">${formatNumber(epoch)}</td><td class="number">${formatNumber(evalLoss)}${isBest ? html` <span class="badge">best</span>` : null}</td><td class="said reply" dir="auto">${
    reply === '' ? html`<span class="quiet">(nothing)</span>` : reply
  }</td></tr>`;
}
