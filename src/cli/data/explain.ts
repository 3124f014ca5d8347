// `chatbot-data explain`: what became of a dialogue of a prepared corpus and why.

import { type ExplainOption, type ExplainOptions, explainOptions } from '../../config/corpus-options.js';
import { stageOptions } from '../../config/prepare-options.js';
import { completeOptions, type Given, type GivenOptions } from '../../config/schema.js';
import type { Dialogue, Turn } from '../../corpus/dialogue.js';
import { manifestName } from '../../corpus/prepared/prepared-files.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { OptionTable } from '../../option-spec.js';
import { type Explanation, explain, type History } from '../../prepare/explain/explain.js';
import { findText, type Place, type Placed } from '../../prepare/explain/find-dialogue.js';
import type { Step } from '../../prepare/explain/tracing-ledger.js';
import { PreparedCorpus } from '../../prepare/prepared-corpus.js';
import { ruleOptions } from '../../prepare/rules.js';
import { jsonLine, messageLine, oneLine, visible } from '../../quote.js';
import { withFlags } from '../flag-names.js';
import { count } from '../format.js';
import { headerText } from '../progress.js';
import type { Streams } from './reading.js';

const mostMatches = 20;
const mostIds = 5;

export async function explainCommand(
  given: GivenOptions<ExplainOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(explainOptions, [given]);
  const [folder, ...ids] = options.corpusAndIds;
  if (folder === undefined || (ids.length === 0 && options.text === null))
    throw new UserError(
      'data-not-named',
      `name a prepared corpus and a dialogue, for example chatbot-data explain corpus/ 5f0c6a1b, or find ids with ${option('text')}`,
    );
  const corpus = new PreparedCorpus(folder);
  const print = (value: object, text: () => string) =>
    streams.stdout.write(options.json ? `${jsonLine(value)}\n` : text());
  if (options.text !== null) {
    const { dialogues, count: found } = findText(corpus, options.text, mostMatches);
    print({ count: found, dialogues: dialogues.map(placedJson) }, () => matchesText(dialogues, found));
  }
  for (const [index, id] of ids.entries()) {
    const explanation = await explain(corpus, id, ...settingsOf(corpus, options));
    print(explanationJson(explanation), () => (index > 0 ? '\n' : '') + explanationText(explanation));
  }
  return ExitCode.ok;
}

/** The options that the corpus was prepared with. Those that are given here stand in for what the manifest does not tell. */
function settingsOf({ folder, manifest }: PreparedCorpus, { learn, alias, redactKey }: ExplainOptions) {
  const where = `in ${folder}/${manifestName}`;
  const recorded = (table: OptionTable): ReadonlyMap<string, Given> =>
    new Map(
      Object.entries(manifest.settings)
        .filter(([key]) => key in table)
        .map(([key, value]) => [key, { value, where }]),
    );
  const now: [string, Given][] = [];
  const set = (key: string, value: unknown) => now.push([key, { value, where: 'on the command line' }]);
  if (learn.length > 0) set('learn', learn);
  if (alias.length > 0) set('alias', alias);
  if (redactKey !== null) set('redactKey', redactKey);
  const stage = completeOptions(stageOptions, [recorded(stageOptions), new Map(now)] as GivenOptions<
    keyof typeof stageOptions
  >[]);
  return [stage, completeOptions(ruleOptions, [recorded(ruleOptions)])] as const;
}

function matchesText(dialogues: readonly Placed[], found: number): string {
  if (found === 0) return 'no dialogue has all these words\n';
  const lines = dialogues.map(({ place, one }) => {
    const said = oneLine(one.dialogue.turns.map(({ text }) => text).join(' / '), 80);
    return `${one.id}  ${place.part.padEnd(8)}  ${messageLine(one.dialogue.source)}  ${said}`;
  });
  const more = found - dialogues.length;
  return `${lines.join('\n')}\n${more > 0 ? `and ${count(more)} more; add words\n` : ''}`;
}

function explanationText(explanation: Explanation): string {
  const { id, source, parts, duplicates, variants, history } = explanation;
  const lines: [string, string][] = [
    ['dialogue', id],
    ['source', messageLine(source)],
  ];
  for (const { place, one } of parts)
    lines.push([
      parts.length === 1 ? 'place' : `part ${one.id.slice(id.length + 1)}`,
      placeText(place, explanation),
    ]);
  const augmented = parts[0]?.one.augmented;
  if (augmented) lines.push(['made from', `${messageLine(augmented.from)} by ${augmented.by}`]);
  const changedBy = [...new Set(parts.flatMap(({ one }) => one.changedBy))];
  if (changedBy.length > 0) lines.push(['changed by', changedBy.join(', ')]);
  if (history.kind === 'known' && history.redactions.size > 0)
    lines.push(['redacted', [...history.redactions].map(([kind, number]) => `${kind} ${number}`).join(', ')]);
  if (duplicates.length > 0) lines.push(['repeated by', `${idsText(duplicates)}, which were dropped`]);
  if (variants.length > 0) lines.push(['variants', idsText(variants)]);
  return `${headerText(lines)}${historyText(history)}${parts.map((part) => partText(part, explanation)).join('')}`;
}

function idsText(ids: readonly string[]): string {
  const more = ids.length - mostIds;
  return `${ids.slice(0, mostIds).join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
}

function placeText(place: Place, { related }: Explanation): string {
  if (place.part !== 'rejected')
    return place.part === 'train' ? 'train: it is learned' : 'eval: it is set aside for evaluation';
  const other = place.duplicateOf === undefined ? undefined : related.get(place.duplicateOf);
  const where =
    other === undefined ? '' : ` (${other.place.part}, ${messageLine(other.one.dialogue.source)})`;
  return `rejected by ${place.rule}: ${messageLine(place.reason)}${where}`;
}

function historyText(history: History): string {
  if (history.kind === 'unknown')
    return `\nwhat rules did is not known: ${messageLine(withFlags(history.why))}\n${history.made ? stepText(history.made) : ''}`;
  return history.steps.map(stepText).join('');
}

function stepText({ rule, before, after }: Step): string {
  const [only] = after;
  if (only === undefined) return `\n${rule} dropped it\n${turnsText(before, '-')}`;
  const isSameShape = after.length === 1 && only.turns.length === before.turns.length;
  if (!isSameShape)
    return `\n${rule}\n${turnsText(before, '-')}${after.map((part) => turnsText(part, '+')).join('  and\n')}`;
  const changes = before.turns.flatMap((turn, index) => {
    const now = only.turns[index];
    return now === undefined || (now.text === turn.text && now.supervised === turn.supervised)
      ? []
      : [turnText(turn, '-'), turnText(now, '+')];
  });
  // Repairs come before redaction, but nothing that was redacted is shown.
  const hidden = changes.length === 0 ? '  (it changed a turn that is only shown as redacted)\n' : '';
  return `\n${rule}\n${changes.join('')}${hidden}`;
}

function partText({ place, one }: Placed, { related, parts }: Explanation): string {
  const title = place.part === 'rejected' ? 'as it was rejected' : 'in the corpus';
  const number = parts.length === 1 ? '' : ` (${one.id})`;
  const from = one.augmented && related.get(one.augmented.from);
  const original = from ? `\nmade from ${from.one.id}\n${turnsText(from.one.dialogue, ' ')}` : '';
  return `${original}\n${title}${number}\n${turnsText(one.dialogue, ' ')}`;
}

function turnsText({ turns }: Dialogue, mark: string): string {
  return turns.map((turn) => turnText(turn, mark)).join('');
}

function turnText({ text, speaker, role, supervised }: Turn, mark: string): string {
  const who = speaker ?? role;
  const context = supervised || role === 'system' ? '' : ' (not learned)';
  const said = visible(text).replaceAll('\n', '\n      ');
  return `  ${mark} ${who === undefined ? '' : `${oneLine(who, 40)}: `}${said}${context}\n`;
}

function explanationJson(explanation: Explanation): object {
  const { id, source, parts, duplicates, variants, history } = explanation;
  return {
    id,
    source,
    parts: parts.map(placedJson),
    duplicates,
    variants,
    history:
      history.kind === 'unknown'
        ? {
            known: false,
            why: withFlags(history.why),
            ...(history.made && { steps: [history.made].map(stepJson) }),
          }
        : {
            known: true,
            redactions: Object.fromEntries(history.redactions),
            steps: history.steps.map(stepJson),
          },
  };
}

function stepJson({ rule, before, after }: Step): object {
  return { rule, before: turnsJson(before), after: after.map(turnsJson) };
}

function placedJson({ place, one }: Placed): object {
  const { part, ...rejection } = place;
  return {
    id: one.id,
    part,
    ...('rule' in rejection && {
      dropped_by: rejection.rule,
      reason: rejection.reason,
      ...(rejection.duplicateOf !== undefined && { duplicate_of: rejection.duplicateOf }),
    }),
    source: one.dialogue.source,
    changed_by: one.changedBy,
    ...(one.augmented && { augmented_from: one.augmented.from, augmented_by: one.augmented.by }),
    turns: turnsJson(one.dialogue),
  };
}

function turnsJson({ turns }: Dialogue): object[] {
  return turns.map(({ text, speaker, role, supervised }) => ({
    ...(role !== undefined && { role }),
    ...(speaker !== undefined && { name: speaker }),
    text,
    learned: supervised,
  }));
}
