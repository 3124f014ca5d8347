// Cleans batches of dialogues: everything that is done to a dialogue without looking at others. It is made once in each thread
// and knows nothing of files and sources but the names of the people in the current source.

import { Spool } from '../files/spool.js';
import { startRules } from './apply-rules.js';
import { type Cleaning, dialogueOf, namesOf, takeDialogue } from './clean-source.js';
import { writtenPart } from './cleaned-part.js';
import { Forgotten } from './forget/forgotten.js';
import { Ledger } from './ledger.js';
import { startRepairs } from './repair-texts.js';
import type { RuleValues } from './rules.js';
import type { NameBook } from './sensitive/names.js';
import { Redaction, type RedactOptions } from './sensitive/redaction.js';

/** Plain data, so that a thread can get it. */
export interface CleanerSettings {
  readonly options: RedactOptions & { readonly alias: readonly string[] };
  /** The options of rules, by key. */
  readonly values: RuleValues;
  /** The folder that is prepared. It says who was forgotten. */
  readonly out: string;
}

/** Rejected lines of a batch stay in memory. */
const rejectedBytes = 2 ** 40;
const rejectedChunk = 2 ** 14;

export class Cleaner {
  private names: NameBook | undefined;

  private constructor(readonly cleaning: Cleaning) {}

  /** @throws UserError (usage) for options that name what is not there. */
  static async start({ options, values, out }: CleanerSettings): Promise<Cleaner> {
    const [repairs, rules] = [await startRepairs(values), await startRules(values)];
    const redaction = await Redaction.start(options);
    return new Cleaner({ repairs, rules, redaction, forgotten: Forgotten.of(out, options) });
  }

  /** @param speakers everybody who speaks in the source, if names are redacted. */
  beginSource(speakers: readonly string[]): void {
    this.names = namesOf(speakers, this.cleaning);
  }

  /** @param lines of dialogues as they were read, each with a line feed. @returns a part (cleaned-part.ts). */
  clean(lines: string): Uint8Array<ArrayBuffer> {
    const kept: string[] = [];
    const ledger = new Ledger(new Spool(rejectedBytes, rejectedChunk));
    const results = { ledger, keep: (line: string) => kept.push(line) };
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf('\n', start);
      takeDialogue(dialogueOf(lines.slice(start, end)), this.names, this.cleaning, results);
      start = end + 1;
    }
    const part = writtenPart(kept, ledger);
    ledger.rejected.release();
    return part;
  }
}
