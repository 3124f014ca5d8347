// Which messages of a helpdesk are notes of its agents for each other. They are never read: a customer must not see them.

const publicNames: ReadonlySet<string> = new Set(['public', 'is_public']);
const privateNames: ReadonlySet<string> = new Set([
  ...['private', 'is_private', 'internal', 'is_internal', 'note', 'is_note', 'internal_note', 'private_note'],
]);
const kindNames: ReadonlySet<string> = new Set([
  ...['visibility', 'type', 'message_type', 'comment_type', 'event_type', 'part_type', 'kind'],
]);

/** The names of fields and columns that say whether a message is private. Lower case, with `_` between words. */
export const privacyNames: readonly string[] = [...publicNames, ...privateNames, ...kindNames];

const yes: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 't', 'x', 'ja', 'wahr']);
const no: ReadonlySet<string> = new Set(['false', '0', 'no', 'n', 'f', 'nein', 'falsch']);
/** A comment alone is public. */
const note = /^(?:notes?|(?:internal|private)(?:[ _-]?(?:note|comment|message|reply))?)$/;

/** @param name in lower case, with `_` between words. */
export function saysPrivate(name: string, value: unknown): boolean {
  // An object is no word, and one from JSON may have a `toString` that cannot be called.
  if (typeof value === 'object') return false;
  const word = String(value ?? '')
    .trim()
    .toLowerCase();
  if (publicNames.has(name)) return no.has(word);
  if (privateNames.has(name)) return yes.has(word);
  return kindNames.has(name) && note.test(word);
}
