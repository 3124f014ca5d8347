// HTML templates that are safe against injection: every inserted value is escaped unless it is an Html object made here.
// Does not know about reports. Corpora and model replies are untrusted text, and every report contains them.

export class Html {
  constructor(readonly text: string) {}
}

/** null inserts nothing. */
type Insertion = Html | readonly Html[] | string | number | null;

/** html`<p>${text}</p>`: escapes `text` for element content and for quoted attributes. */
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

/** Control characters, which HTML does not allow, become U+FFFD. */
function escapeText(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
}
