// The part of report.html that is the data card: what the corpus holds, and its licences.

import { grouped } from '../../html/grouped.js';
import { type Html, html } from '../../html/html.js';
import type { Manifest } from '../manifest.js';

export function contentsTable({ contents, origin }: Manifest): Html | null {
  if (!contents) return null;
  const { turns, learnedTurns, characters, speakers, languages, from, to } = contents;
  const shares = Object.entries(languages).map(([language, share]) => `${language} ${percent(share)}`);
  const formats = Object.entries(origin?.formats ?? {}).map(([format, files]) => `${format} (${files})`);
  const rows: readonly (readonly [name: string, value: string])[] = [
    ['turns', `${grouped(turns)}, of which training learns ${grouped(learnedTurns)}`],
    ['characters', grouped(characters)],
    ['speakers', speakers === 0 ? 'not named' : grouped(speakers)],
    ['languages', shares.join(', ')],
    ['time', from === null ? 'not known' : `${from} to ${to}`],
    ['formats (files)', formats.join(', ')],
    ['note', origin?.note ?? ''],
  ];
  const filled = rows.filter(([, value]) => value !== '');
  return html`<div class="panel"><table><tbody>${filled.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</tbody></table></div>`;
}

function percent(share: number): string {
  return `${Math.round(1000 * share) / 10}%`;
}

export function licenceTable({ origin }: Manifest): Html | null {
  const licences = origin?.licences ?? [];
  if (licences.length === 0) return html`<p class="quiet">No licence is known.</p>`;
  const rows = licences.map(
    ({ source, licence, from }) =>
      html`<tr><td>${source ?? 'all sources'}</td><td>${licence}</td><td>${from}</td></tr>`,
  );
  return html`<div class="panel"><table>
<thead><tr><th>source</th><th>licence</th><th>known from</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
