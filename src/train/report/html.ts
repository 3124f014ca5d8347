// HTML that cannot be injected into: what is put into a template is escaped unless it is HTML made here itself.
// Knows nothing of reports. Corpora and model replies are strangers' words, and they stand in every report.

export class Html {
  constructor(readonly text: string) {}
}

/** null leaves nothing behind. */
type Insertion = Html | readonly Html[] | string | number | null;

/** html`<p>${text}</p>`: `text` is escaped, for element content and for quoted attributes alike. */
export function html(literals: TemplateStringsArray, ...insertions: readonly Insertion[]): Html {
  const text = literals.reduce((before, literal, i) => before + textOf(insertions[i - 1] ?? null) + literal);
  return new Html(text);
}

function textOf(insertion: Insertion): string {
  if (insertion === null) return '';
  if (insertion instanceof Html) return insertion.text;
  if (typeof insertion === 'string' || typeof insertion === 'number') return escapeText(String(insertion));
  return insertion.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which HTML does not allow, become visible as U+FFFD. */
function escapeText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}
