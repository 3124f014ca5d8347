// `chatbot-rules review`: decides on questions without a good answer, one group of wordings at a time.

import { createInterface } from 'node:readline/promises';
import { type ReviewGroup, reviewGroups } from '../../bots/learning/review-groups.js';
import type { Store } from '../../bots/store/store.js';
import { type ReviewOption, type ReviewOptions, reviewOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { jsonLine, oneLine, quoted } from '../../quote.js';
import type { Streams } from '../data/reading.js';
import { count } from '../format.js';
import { withStore } from './bot-store.js';

const mostWordings = 5;

export interface ReviewStreams extends Streams {
  readonly stdin: NodeJS.ReadableStream;
}

export async function reviewCommand(
  given: GivenOptions<ReviewOption>,
  streams: ReviewStreams = process,
): Promise<number> {
  const options = completeOptions(reviewOptions, [given]);
  const { list, accept, reject, answer } = options;
  const decides = accept.length > 0 || reject.length > 0;
  if (answer !== null && accept.length !== 1)
    throw new UserError('options-conflict', `${option('answer')} goes with one ${option('accept')}`);
  if (list && decides)
    throw new UserError('options-conflict', `${option('list')} decides nothing; leave it out`);
  return withStore(
    options.bot,
    'chatbot-rules review --bot shop.db',
    list ? 'read' : 'write',
    async (store) => {
      const groups = reviewGroups(await store.waiting(options.limit));
      if (list)
        streams.stdout.write(options.json ? groups.map(groupJson).join('') : groups.map(groupText).join(''));
      else if (decides) await decideGiven(store, groups, options, streams);
      else await decideByHand(store, groups, streams);
      return ExitCode.ok;
    },
  );
}

async function decideGiven(
  store: Store,
  groups: readonly ReviewGroup[],
  { accept, reject, answer }: ReviewOptions,
  { stdout }: Streams,
): Promise<void> {
  // All ids are checked before anything is decided.
  const accepted = accept.map((id) => {
    const group = groupWith(groups, id);
    const text = answer ?? group.proposed[0];
    if (text === undefined || text.trim() === '')
      throw new UserError(
        'option-invalid',
        `nobody has proposed an answer to ${quoted(group.first.question)}; give one with ${option('answer')}`,
      );
    return { group, text };
  });
  const rejected = reject.map((id) => groupWith(groups, id));
  for (const { group, text } of accepted) await decide(store, group, text);
  for (const group of rejected) await decide(store, group, null);
  stdout.write(`${count(accepted.length)} accepted, ${count(rejected.length)} rejected\n`);
}

function groupWith(groups: readonly ReviewGroup[], id: string): ReviewGroup {
  const group = groups.find(({ first, others }) => [first, ...others].some((entry) => `${entry.id}` === id));
  if (group) return group;
  throw new UserError(
    'option-invalid',
    `no question ${quoted(id)} waits; chatbot-rules review --list shows those that do`,
  );
}

async function decideByHand(
  store: Store,
  groups: readonly ReviewGroup[],
  streams: ReviewStreams,
): Promise<void> {
  const { stdout } = streams;
  if (groups.length === 0) {
    stdout.write('no question waits\n');
    return;
  }
  stdout.write(
    'Type the answer; Enter alone accepts the proposed one, or skips. "-" rejects, "?" shows all wordings, "q" ends.\n',
  );
  const lines = createInterface({ input: streams.stdin });
  const typed = lines[Symbol.asyncIterator]();
  const counts = { accepted: 0, rejected: 0 };
  for (const group of groups) {
    stdout.write(`\n${groupText(group)}answer> `);
    let line = await typed.next();
    while (!line.done && line.value.trim() === '?') {
      stdout.write(`${wordings(group, Number.POSITIVE_INFINITY)}answer> `);
      line = await typed.next();
    }
    if (line.done || line.value.trim() === 'q') break;
    const answer = line.value.trim() || group.proposed[0];
    if (answer === undefined) continue;
    await decide(store, group, answer === '-' ? null : answer);
    counts[answer === '-' ? 'rejected' : 'accepted']++;
  }
  lines.close();
  stdout.write(`\n${count(counts.accepted)} accepted, ${count(counts.rejected)} rejected\n`);
}

async function decide(store: Store, { first, others }: ReviewGroup, answer: string | null): Promise<void> {
  await store.decide([first.id, ...others.map(({ id }) => id)], answer, Date.now());
}

function groupText(group: ReviewGroup): string {
  const { first, proposed } = group;
  const times = group.count === 1 ? 'once' : `${count(group.count)} times`;
  return [
    `${first.id}  ${oneLine(first.question, 200)}  (${first.reason}, asked ${times})`,
    ...(first.previous === null ? [] : [`    after     ${oneLine(first.previous, 200)}`]),
    ...(first.said === null ? [] : [`    it said   ${oneLine(first.said, 200)}`]),
    ...proposed.map((text) => `    proposed  ${oneLine(text, 200)}`),
    wordings(group, mostWordings).trimEnd(),
  ]
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');
}

function wordings({ others }: ReviewGroup, most: number): string {
  const shown = others.slice(0, most).map(({ question }) => `    also      ${oneLine(question, 200)}\n`);
  const more = others.length - shown.length;
  return `${shown.join('')}${more > 0 ? `    and ${count(more)} more wordings\n` : ''}`;
}

function groupJson({ first, others, count: times, proposed }: ReviewGroup): string {
  const { id, question, previous, reason, said } = first;
  return `${jsonLine({ id, question, previous, reason, said, proposed, count: times, also: others.map((other) => ({ id: other.id, question: other.question })) })}\n`;
}
