// The form in which retrieval compares questions: as `normalize` gives it, and as far as the bot asks for it, with simplified
// Chinese characters and one word for all of a meaning.

import { normalize } from '../normalize.js';
import { simplified } from './simplified.js';
import { type SynonymGroup, synonymReplacer } from './synonyms.js';

export interface Wording {
  /** `simplified`: traditional characters count as their simplified forms. */
  readonly chinese: 'as-written' | 'simplified';
  readonly synonyms: readonly SynonymGroup[];
}

export type NormalForm = (text: string) => string;

export const asWritten: Wording = { chinese: 'as-written', synonyms: [] };

export function normalFormOf({ chinese, synonyms }: Wording): NormalForm {
  const spelled = chinese === 'simplified' ? (text: string) => simplified(normalize(text)) : normalize;
  if (synonyms.length === 0) return spelled;
  const replaced = synonymReplacer(synonyms, spelled);
  return (text) => replaced(spelled(text));
}
