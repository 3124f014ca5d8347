// Who is a customer: everybody with the role of the user whom the file names. The split and `forget` go by it.

import type { Dialogue, Turn } from '../corpus/dialogue.js';

/** In which part people speak: any, or only the one of the customer. */
export type Part = 'speaker' | 'customer';

export function turnsOf({ turns }: Dialogue, part: Part): readonly Turn[] {
  return part === 'speaker' ? turns : turns.filter(({ role }) => role === 'user');
}
