// The page of `inspect --html`: what conversations hold and what preparing them would mend, with the command for it at the end
// of each section. Texts are masked unless the person asked to see everything.

import { basename } from 'node:path';
import type { Lengths } from '../../corpus/inspect/histogram.js';
import type { SpeakerStatistics, Statistics } from '../../corpus/inspect/statistics.js';
import { type CorpusSummary, plural } from '../../corpus/summary.js';
import { grouped } from '../../html/grouped.js';
import { type Html, html } from '../../html/html.js';
import { page } from '../../html/page.js';
import { ruleCounts } from '../manifest.js';
import { ruleTable, samplesOf, tile } from '../report.js';
import type { Suspicion } from '../suspicious/suspicion.js';
import { suspicionSection } from '../suspicious/suspicion-section.js';
import type { DuplicateGroup } from './duplicate-groups.js';
import type { Finding, Findings } from './findings.js';
import { type CorpusSurvey, unansweredKind } from './survey.js';

export interface Inspected {
  readonly paths: readonly string[];
  readonly summary: CorpusSummary;
  readonly statistics: Statistics;
  readonly survey: CorpusSurvey;
  readonly suspicion: Suspicion | undefined;
  /** Whether personal data is shown as it is. */
  readonly showSensitive: boolean;
  /** A command for these conversations. @param options by key. */
  command(name: string, options?: Readonly<Record<string, string | number | true>>): string;
}

/** The whole page. The same input gives the same text. */
export function renderInspection(inspected: Inspected): string {
  const { paths, statistics, survey, suspicion, showSensitive, command } = inspected;
  const names = paths.map((path) => basename(path));
  const more = names.length - 3;
  const title = `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const { dialogues, turns, learntTurns, words, tokens } = statistics;
  return page(
    `${title} – conversations`,
    html`<header>
<p class="kind">Conversations, before anything is changed</p>
<h1>${title}</h1>
<p class="facts">${showSensitive ? 'This page shows personal data as it is.' : 'Personal data in texts is replaced by placeholders such as [EMAIL]. Paths are shown as they are.'}</p>
</header>
<dl class="tiles">
${tile('in all', dialogues)}${tile('said', turns, 'turns')}${tile('learned', learntTurns, 'turns')}${tokens === null ? tile('text', words, 'words') : tile('text', tokens, 'tokens')}${tile('left by prepare', survey.left)}
</dl>
${filesSection(inspected)}
${speakersSection(inspected)}
${languagesSection(inspected)}
${lengthsSection(statistics)}
${sensitiveSection(inspected)}
${unsafeSection(inspected)}
${duplicatesSection(inspected)}
${rulesSection(inspected)}
${repliesSection(inspected)}
${unansweredSection(inspected)}
${suspicion === undefined ? null : html`${suspicionSection(suspicion, survey.mask)}${commandLine(command('prepare', { suspicious: suspicion.model, dropSuspicious: 0.01 }))}`}
<footer>Nothing was changed. <code>${command('prepare')}</code> makes a corpus of these conversations.</footer>`,
  );
}

function commandLine(text: string): Html {
  return html`<p class="command"><code>${text}</code></p>`;
}

function table(heads: readonly string[], rows: readonly Html[]): Html {
  const cells = heads.map((head) => html`<th>${head}</th>`);
  return html`<div class="panel"><table><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function number(count: number): Html {
  return html`<td class="number">${grouped(count)}</td>`;
}

/** A folder can hold any number of files. */
const mostFiles = 100;

function filesSection({ summary: { files, skippedFiles } }: Inspected): Html {
  const rows = files.slice(0, mostFiles).map(({ path, format, dialogues, turns, skipped }) => {
    const left = skipped.reduce((sum, { count }) => sum + count, 0);
    const why = skipped
      .slice(0, 3)
      .map(({ reason, count, line }) => `${count}: ${reason}, first on line ${line}`);
    return html`<tr><td>${path}</td><td>${format}</td>${number(dialogues)}${number(turns)}<td>${left === 0 ? '' : why.join('; ')}</td></tr>`;
  });
  const hidden = files.length - rows.length;
  return html`<h2>Files</h2>
${table(['path', 'format', 'dialogues', 'turns', 'records left out'], rows)}
${hidden > 0 ? html`<p class="quiet">and ${plural(hidden, 'more file')}</p>` : null}
${skippedFiles.length > 0 ? html`<p class="quiet">Files without conversations, which were skipped: ${grouped(skippedFiles.length)}.</p>` : null}`;
}

const mostSpeakers = 20;

function speakersSection({ statistics, showSensitive, command }: Inspected): Html {
  const { speakers, hasMoreSpeakers } = statistics;
  const rows = speakers
    .slice(0, mostSpeakers)
    .map(
      (speaker, index) =>
        html`<tr><td>${speakerName(speaker, index, showSensitive)}</td><td>${speaker.role ?? ''}</td>${number(speaker.turns)}${number(speaker.words)}<td class="number">${(100 * speaker.shareOfReplies).toFixed(1)}%</td></tr>`,
    );
  const more = speakers.length - rows.length;
  return html`<h2>Speakers</h2>
${table(['speaker', 'role', 'turns', 'words', 'share of replies'], rows)}
${more > 0 ? html`<p class="quiet">and ${grouped(more)} more${hasMoreSpeakers ? ', and others' : ''}</p>` : null}
${speakers.some(({ name }) => name !== null) ? html`<p class="quiet">To learn to speak as one of them, see their names and choose one:</p>${commandLine(command('speakers'))}` : null}`;
}

/** Names are personal data too. */
function speakerName({ name, id }: SpeakerStatistics, index: number, showSensitive: boolean): string {
  if (name === null && id === null) return 'not named';
  return showSensitive ? (name ?? id ?? '') : `speaker ${index + 1}`;
}

function languagesSection({ statistics: { languages, dialogues }, command }: Inspected): Html | null {
  if (languages === null) return null;
  const rows = languages
    .slice(0, 12)
    .map(([language, count]) => html`<tr><td>${language}</td>${number(count)}${bar(count / dialogues)}</tr>`);
  const [most] = languages.filter(([language]) => language !== 'unknown');
  return html`<h2>Languages</h2>
${table(['language', 'dialogues', ''], rows)}
${most && languages.length > 1 ? html`<p class="quiet">To keep one language:</p>${commandLine(command('prepare', { language: most[0] }))}` : null}`;
}

/** @param share of the full width. */
function bar(share: number): Html {
  if (share === 0) return html`<td></td>`;
  return html`<td class="wide"><span class="bar" style="width: ${(100 * share).toFixed(1)}%"></span></td>`;
}

function lengthsSection({ lengths, unit }: Statistics): Html | null {
  if (lengths === null) return null;
  const { shortest, median, p95, longest, histogram } = lengths satisfies Lengths;
  const most = Math.max(...histogram.map(({ count }) => count));
  const rows = histogram.map(
    ({ from, to, count }) =>
      html`<tr><td class="number">${from === to ? grouped(from) : `${grouped(from)}–${grouped(to)}`}</td>${number(count)}${bar(count / most)}</tr>`,
  );
  return html`<h2>Lengths of dialogues</h2>
<p class="quiet">In ${unit}: shortest ${grouped(shortest)}, median ${grouped(median)}, 95% up to ${grouped(p95)}, longest ${grouped(longest)}.</p>
${table([unit, 'dialogues', ''], rows)}`;
}

function place({ source, turn }: Finding): string {
  return turn === undefined ? source : `${source}, turn ${turn}`;
}

function sensitiveSection({ survey: { sensitive }, showSensitive, command }: Inspected): Html {
  const rows = sensitive.kinds.map(([kind, count]) => {
    const places = sensitive
      .placesOf(kind)
      .map(
        (finding) =>
          html`<div>${place(finding)}${showSensitive ? html`: ${finding.text ?? ''}` : null}</div>`,
      );
    return html`<tr><th>${kind}</th>${number(count)}<td>${places}</td></tr>`;
  });
  return html`<h2>Personal data</h2>
${rows.length === 0 ? html`<p class="quiet">None of the kinds that are looked for by default was found.</p>` : html`${table(['kind', 'values', 'the first places'], rows)}<p class="quiet">To replace it:</p>${commandLine(command('prepare', { redact: 'pii' }))}`}`;
}

/** Where things were found, with their masked texts. */
function foundTexts(findings: Findings, kind: string, { mask }: CorpusSurvey): readonly Html[] {
  return findings.placesOf(kind).map((finding) => {
    const [text = ''] = mask.masked([finding.text ?? '']);
    return html`<div><p class="said">${shortened(text)}</p><p class="quiet">${place(finding)}</p></div>`;
  });
}

const longestText = 600;

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

function unsafeSection({ survey, command }: Inspected): Html {
  const { unsafe, unsafeDialogues } = survey;
  const rows = unsafe.kinds.map(
    ([list, count]) =>
      html`<tr><th>${list}</th>${number(count)}<td>${foundTexts(unsafe, list, survey)}</td></tr>`,
  );
  return html`<h2>Unsafe words</h2>
${rows.length === 0 ? html`<p class="quiet">No word of the program's lists was found.</p>` : html`${table(['list', 'dialogues', 'the first ones'], rows)}<p class="quiet">To drop ${plural(unsafeDialogues, 'dialogue')}:</p>${commandLine(command('prepare', { dropUnsafe: true }))}`}`;
}

function duplicatesSection({ survey, command }: Inspected): Html {
  const { exact, near, exactGroups, nearGroups } = survey.duplicates;
  return html`<h2>Duplicates</h2>
<p class="quiet">Dialogues that equal an earlier one apart from case and white space, which <code>prepare</code> drops: ${grouped(exact)}. Others that
are similar to one with more text: ${grouped(near)}.</p>
${groupTable(
  'The largest groups of equal dialogues',
  exactGroups.map((group) => ({ ...group, members: group.members.slice(0, 1) })),
  survey,
)}
${groupTable('The largest groups of similar dialogues', nearGroups, survey)}
${near > 0 ? html`<p class="quiet">To drop the similar ones too:</p>${commandLine(command('prepare', { dedupe: 'near' }))}` : null}`;
}

function groupTable(title: string, groups: readonly DuplicateGroup[], { mask }: CorpusSurvey): Html | null {
  if (groups.length === 0) return null;
  const rows = groups.map(({ size, members }) => {
    const examples = members.map(({ source, turns }) => {
      const texts = mask.masked(turns.map(({ text }) => text));
      return html`<div>${texts.slice(0, 4).map((text) => html`<p class="said">${shortened(text)}</p>`)}<p class="quiet">${source}</p></div>`;
    });
    return html`<tr>${number(size)}<td>${examples}</td></tr>`;
  });
  return html`<section class="sample"><h3>${title}</h3><table><thead><tr><th>dialogues</th><th>the first ones</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** Samples of each rule. */
const mostSamples = 5;

function rulesSection({ survey, statistics, command }: Inspected): Html {
  const { ledger, left, mask } = survey;
  const rules = ruleCounts(ledger);
  const samples = Object.keys(rules).flatMap((rule) =>
    samplesOf(
      rule,
      ledger
        .samplesOf(rule)
        .slice(0, mostSamples)
        .map(({ before, after, ...rest }) => ({
          ...rest,
          before: mask.masked(before),
          after: after.map((texts) => mask.masked(texts)),
        })),
    ),
  );
  return html`<h2>What prepare would do</h2>
<p class="quiet">Without further options it leaves ${grouped(left)} of ${grouped(statistics.dialogues)} dialogues. A dialogue that loses a turn in
the middle becomes two.</p>
${mask.masked(survey.refused).map((sentence) => html`<p class="warning">It refuses this: ${sentence}</p>`)}
${ruleTable({ rules })}
${commandLine(command('prepare'))}
${samples}`;
}

function repliesSection({ survey: { replies, mask }, command }: Inspected): Html | null {
  const { common, replies: all } = replies;
  if (common.length === 0) return null;
  const rows = common.map(({ text, count }) => {
    const [shown = ''] = mask.masked([text]);
    return html`<tr>${number(count)}<td class="number">${((100 * count) / all).toFixed(2)}%</td><td><p class="said">${shortened(shown)}</p></td></tr>`;
  });
  return html`<h2>Most frequent replies</h2>
<p class="quiet">Of ${grouped(all)} replies that are learned, counted without duplicate dialogues.</p>
${table(['times', 'share', 'reply'], rows)}
<p class="quiet">To learn each at most 20 times:</p>${commandLine(command('prepare', { maxReplyCount: 20 }))}`;
}

function unansweredSection({ survey }: Inspected): Html | null {
  const { unanswered } = survey;
  const count = unanswered.counts.get(unansweredKind) ?? 0;
  if (count === 0) return null;
  return html`<h2>Questions without an answer</h2>
<p class="quiet">Dialogues that end with a question: ${grouped(count)}. The first ones:</p>
<section class="sample">${foundTexts(unanswered, unansweredKind, survey)}</section>`;
}
