// Hides personal data in texts that a page shows. It looks for every kind that is known, not only for those that are redacted by
// default.

import { repairText, type StartedRepair, startRepairs } from '../repair-texts.js';
import type { RuleValues } from '../rules.js';
import type { NameBook } from '../sensitive/names.js';
import { recognizers } from '../sensitive/recognizers.js';
import { Redaction } from '../sensitive/redaction.js';

export interface Mask {
  /** Hides these names too, wherever they occur. */
  addSpeaker(name: string): void;
  /** The texts of one dialogue, with placeholders. */
  masked(texts: readonly string[]): readonly string[];
}

/** Shows everything. */
export const noMask: Mask = { addSpeaker: () => {}, masked: (texts) => texts };

/** @param phoneRegions countries separated by commas. */
export async function startMask(values: RuleValues, phoneRegions: string): Promise<Mask> {
  const redaction = await Redaction.start({
    redact: recognizers.map(({ entity }) => entity).join(','),
    redactWith: 'placeholder',
    phoneRegions,
    names: null,
    redactKey: null,
    seed: 0,
  });
  if (!redaction) throw new Error('no kind of personal data is known');
  return new PlaceholderMask(redaction, await startRepairs(values), redaction.newNames());
}

class PlaceholderMask implements Mask {
  constructor(
    private readonly redaction: Redaction,
    private readonly repairs: readonly StartedRepair[],
    private readonly names: NameBook,
  ) {}

  addSpeaker(name: string): void {
    this.names.add(name);
    this.names.add(repairText(this.repairs, name));
  }

  masked(texts: readonly string[]): readonly string[] {
    // Broken or unusual characters can hide a value, so a text with one is shown repaired.
    const repaired = texts.map((text) => repairText(this.repairs, text));
    const turns = repaired.map((text) => ({ text, supervised: true }));
    const { dialogue } = this.redaction.redacted({ turns, source: '' }, this.names);
    return texts.map((text, index) => {
      const shown = dialogue.turns[index]?.text ?? '';
      return shown === repaired[index] ? text : shown;
    });
  }
}
