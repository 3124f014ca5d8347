// Judges what augmenters make of a turn. It is the same for all of them, so an augmenter need not be careful.

/** @returns why a variant is refused, or null. The reason is counted, so it holds nothing of the texts. */
export function objection(before: string, after: string): string | null {
  if (before === after) return 'identical';
  return null;
}
