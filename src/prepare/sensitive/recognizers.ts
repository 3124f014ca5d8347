// All recognizers, the most certain first: where matches overlap, the first decides what they are. Options, reports and the
// table in docs/data.md derive from this list.

import type { Recognizer } from './recognizer.js';
import { card } from './recognizers/card.js';
import { email } from './recognizers/email.js';
import { phone } from './recognizers/phone.js';

export const recognizers: readonly Recognizer[] = [email, card, phone];
