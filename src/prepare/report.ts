// report.html of a prepared corpus: what is in it, what each rule did, with samples before and after. All samples are redacted
// if the corpus is.

import { basename } from 'node:path';
import { formatBytes } from '../files/format-bytes.js';
import { grouped } from '../html/grouped.js';
import { type Html, html } from '../html/html.js';
import { page } from '../html/page.js';
import { contentsTable, licenceTable } from './card/card-section.js';
import type { Ledger, Sample } from './ledger.js';
import type { Manifest } from './manifest.js';
import type { FileRecord } from './source-files.js';
import type { Suspicion } from './suspicious/suspicion.js';
import { suspicionSection } from './suspicious/suspicion-section.js';

/** Samples of longer dialogues are cut after this many turns. */
const mostTurns = 12;

/** The whole page. The same input gives the same text. */
export function renderReport(manifest: Manifest, ledger: Ledger, suspicion?: Suspicion): string {
  const title = titleOf(manifest);
  const { train, eval: evaluation } = manifest.dialogues;
  const dropped = Object.values(manifest.rules).flatMap((rule) => Object.values(rule.dropped));
  return page(
    `${title} – prepared corpus`,
    html`<header>
<p class="kind">Prepared corpus</p>
<h1>${title}</h1>
</header>
<dl class="tiles">
${tile('to train on', train)}${tile('to evaluate on', evaluation)}${tile('dropped', sum(dropped))}
</dl>
<h2>Contents</h2>
${contentsTable(manifest)}
<h2>Sources</h2>
${fileTable(manifest.sources)}
${otherFiles(manifest)}
${licenceTable(manifest)}
<h2>Rules</h2>
${ruleTable(manifest)}
${redactedTable(manifest)}
${augmentationTable(manifest)}
<h2>Samples</h2>
${manifest.forgotten ? html`<p class="quiet">They were left out when dialogues were forgotten. Prepare the corpus again to see some.</p>` : null}
${[...Object.keys(manifest.augmentations?.at(-1)?.made ?? {}), ...Object.keys(manifest.rules)].flatMap((rule) => samplesOf(rule, ledger.samplesOf(rule)))}
${suspicion === undefined ? null : suspicionSection(suspicion)}
<h2>Settings</h2>
<dl class="options panel">${settings(manifest)}</dl>
<footer>All dropped dialogues: <code>rejected.jsonl</code>.</footer>`,
  );
}

/** The names of the first sources. */
function titleOf({ sources }: Manifest): string {
  const names = sources.map(({ path }) => basename(path));
  const more = names.length - 3;
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function tile(name: string, count: number, unit = 'dialogues'): Html {
  return html`<div><dt>${name}</dt><dd>${grouped(count)}</dd><dd>${unit}</dd></div>`;
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The files besides the sources that decided what is in the corpus. */
function otherFiles({ files = [], augmentations = [] }: Manifest): Html | null {
  const all = [...files, ...augmentations.flatMap(({ files: read = [] }) => read)];
  return all.length === 0 ? null : html`<h2>Other files</h2>${fileTable(all)}`;
}

function fileTable(files: readonly FileRecord[]): Html {
  const rows = files.map(
    ({ path, bytes, sha256 }) =>
      html`<tr><td>${path}</td><td class="number">${formatBytes(bytes)}</td><td><code>${sha256.slice(0, 16)}</code></td></tr>`,
  );
  return html`<div class="panel"><table>
<thead><tr><th>path</th><th>size</th><th>SHA-256 begins with</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

export function ruleTable({ rules }: Pick<Manifest, 'rules'>): Html {
  const rows = Object.entries(rules).map(([name, { changed, dropped }]) => {
    const reasons = Object.entries(dropped).map(
      ([reason, count]) => html`<div>${grouped(count)}: ${reason}</div>`,
    );
    return html`<tr><th>${name}</th><td class="number">${grouped(changed)}</td><td class="number">${grouped(sum(Object.values(dropped)))}</td><td>${reasons}</td></tr>`;
  });
  if (rows.length === 0) return html`<p class="quiet">No rule changed or dropped anything.</p>`;
  return html`<div class="panel"><table>
<thead><tr><th>rule</th><th>changed</th><th>dropped</th><th>why</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function redactedTable({ redacted }: Manifest): Html | null {
  const found = Object.entries(redacted);
  if (found.length === 0) return null;
  const rows = found.map(
    ([kind, count]) => html`<tr><th>${kind}</th><td class="number">${grouped(count)}</td></tr>`,
  );
  return html`<h2>Personal data that was replaced</h2>
<div class="panel"><table><thead><tr><th>kind</th><th>values</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function augmentationTable({ augmentations = [] }: Manifest): Html | null {
  if (augmentations.length === 0) return null;
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([reason, count]) => html`<div>${grouped(count)}: ${reason}</div>`);
  const rows = augmentations
    .flatMap(({ made }) => Object.entries(made))
    .map(
      ([name, { dialogues, turns, refused, dropped }]) =>
        html`<tr><th>${name}</th><td class="number">${grouped(dialogues)}</td><td class="number">${grouped(turns)}</td><td>${listed(refused)}</td><td>${listed(dropped)}</td></tr>`,
    );
  return html`<h2>Augmentation</h2>
<div class="panel"><table>
<thead><tr><th>augmenter</th><th>dialogues added</th><th>turns varied</th><th>variants refused</th><th>dialogues left out</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

export function samplesOf(rule: string, samples: readonly Sample[]): readonly Html[] {
  if (samples.length === 0) return [];
  const rows = samples.map(
    ({ id, before, after, unlearned }) =>
      html`<tr><td><code>${id}</code></td><td>${turnsOf(before)}</td><td>${after.length === 0 ? html`<p class="quiet">dropped</p>` : after.map((texts) => turnsOf(texts, unlearned))}</td></tr>`,
  );
  return [
    html`<section class="sample"><h3>${rule}</h3><table>
<thead><tr><th>dialogue</th><th>before</th><th>after</th></tr></thead><tbody>${rows}</tbody></table></section>`,
  ];
}

/** @param unlearned the turns that stay as context only. They are shown however far down in the dialogue they are. */
function turnsOf(texts: readonly string[], unlearned: readonly number[] = []): Html {
  const more = unlearned.filter((index) => index >= mostTurns).slice(0, mostTurns);
  const shown = [...texts.slice(0, mostTurns).keys(), ...more];
  const left = texts.length - shown.length;
  const turns = shown.map((index) => said(texts[index] ?? '', unlearned.includes(index)));
  return html`<div>${turns}${left > 0 ? html`<p class="quiet">and ${left} more turns</p>` : null}</div>`;
}

function said(text: string, isUnlearned: boolean): Html {
  return html`<p class="said">${text}</p>${isUnlearned ? html`<p class="quiet">↑ no longer learned</p>` : null}`;
}

function settings({ settings: given }: Manifest): readonly Html[] {
  return Object.entries(given).map(
    ([key, value]) =>
      html`<div><dt>${key}</dt><dd>${typeof value === 'string' ? value : JSON.stringify(value)}</dd></div>`,
  );
}
