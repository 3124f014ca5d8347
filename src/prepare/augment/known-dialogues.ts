// Finds what a corpus says already: dialogues with equal texts, and those that are similar to one that is evaluated on.

import type { Dialogue } from '../../corpus/dialogue.js';
import { spokenText } from '../duplicates/drop-duplicates.js';
import { ExactDuplicates } from '../duplicates/exact.js';
import { SimilarPairs } from '../duplicates/similar-pairs.js';
import type { PreparedCorpus } from '../prepared-corpus.js';
import type { PreparedStore } from '../prepared-store.js';

/** Where the manifest does not say what counted as similar when the corpus was split. */
const usualThreshold = 0.7;

export class KnownDialogues {
  private readonly seen = new ExactDuplicates();
  /** How many distinct texts were seen. */
  private distinct = 0;
  private readonly isLikeEvaluation: Uint8Array;

  /** @param made the dialogues to be judged. */
  constructor(corpus: PreparedCorpus, made: PreparedStore) {
    this.isLikeEvaluation = likeEvaluation(corpus, made);
    for (const { dialogue } of corpus.train) this.isNew(dialogue);
    for (const { dialogue } of corpus.evaluation) this.isNew(dialogue);
  }

  /** Why a dialogue must not be added, or null. Call once for each, in order. */
  objection(dialogue: Dialogue, index: number): string | null {
    if (this.isLikeEvaluation[index] === 1) return 'similar to a dialogue that is evaluated on';
    return this.isNew(dialogue) ? null : 'the same as another dialogue';
  }

  private isNew(dialogue: Dialogue): boolean {
    const isNew = this.seen.numberOf(spokenText(dialogue)) === this.distinct;
    if (isNew) this.distinct++;
    return isNew;
  }
}

/** For each dialogue, 1 if one of the evaluation part is similar. */
function likeEvaluation({ evaluation, manifest }: PreparedCorpus, made: PreparedStore): Uint8Array {
  const threshold = Number(manifest.settings.nearThreshold);
  const similar = new SimilarPairs(threshold > 0 && threshold <= 1 ? threshold : usualThreshold);
  let anchors = 0;
  for (const { dialogue } of evaluation) {
    similar.addAnchor(spokenText(dialogue));
    anchors++;
  }
  const isLike = new Uint8Array(made.length);
  if (anchors === 0) return isLike;
  for (const { dialogue } of made) similar.add(spokenText(dialogue));
  similar.forEachPair((better, worse) => {
    if (better < anchors) isLike[worse - anchors] = 1;
  });
  return isLike;
}
