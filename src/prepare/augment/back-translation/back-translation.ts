// Says turns in another way by translating them into another language and back. A translator is one file here, which
// translator.ts describes; turn-translation.ts leads turns through two of them.

import type { Augmenter } from '../augmenter.js';
import { translationOptions } from './translation-options.js';

export const backTranslation: Augmenter<typeof translationOptions> = {
  name: 'back-translation',
  help: 'Turns that were translated into another language and back.',
  options: translationOptions,
  continuesWith: 'the translations so far',
  async remains(out) {
    const { translationsPath } = await import('./translation-cache.js');
    return [translationsPath(out)];
  },
  examples: [],
  async start(options, _corpus, _seed, place) {
    const { backTranslationPlan } = await import('./translation-plan.js');
    const plan = backTranslationPlan(options, process.env);
    if (plan === null) return null;
    const { openTranslators } = await import('./open-translators.js');
    const { TurnTranslation } = await import('./turn-translation.js');
    const translators = await openTranslators(plan, place.note);
    return new TurnTranslation(translators, plan.directions.there.from, place);
  },
};
