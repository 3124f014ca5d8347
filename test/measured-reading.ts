// Reads a corpus and prints its summary or the sentence with which it is refused, and the peak of the resident memory in bytes.
// Usage: node measured-reading.js FILE

import { readDialogues } from '../src/corpus/read-corpus.js';
import { summaryLines } from '../src/corpus/summary.js';
import { UserError } from '../src/errors.js';

let said: string;
try {
  said = summaryLines(readDialogues(process.argv.slice(2), {}, () => {})).join('\n');
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  said = thrown.message;
}
console.log(JSON.stringify({ said, peak: process.resourceUsage().maxRSS * 1024 }));
