// `chatbot-rules retrain`: trains a model further on the answers that were accepted in reviews, and takes the new model only if
// it is no worse: neither on what the old one was evaluated on, nor on new answers that were held out.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { questionGroups } from '../../bots/learning/question-groups.js';
import { normalize } from '../../bots/normalize.js';
import type { Pair } from '../../bots/store/store.js';
import { type RetrainOption, type RetrainOptions, retrainOptions } from '../../config/rules-options.js';
import { completeOptions, type Given, type GivenOptions } from '../../config/schema.js';
import type { TrainOption } from '../../config/train-options.js';
import { evaluationParts } from '../../corpus/prepared/prepared-files.js';
import { readCorpus } from '../../corpus/read-corpus.js';
import { Union } from '../../corpus/union.js';
import { ExitCode, UserError } from '../../errors.js';
import { NewFile } from '../../files/new-file.js';
import { option } from '../../option-names.js';
import { jsonLine, messageLine } from '../../quote.js';
import { withScorer } from '../data/reply-scoring.js';
import { short } from '../format.js';
import { type Terminal, trainCommand } from '../train.js';
import { withStore } from './bot-store.js';
import { pairLine } from './export.js';

const example = 'chatbot-rules retrain results/mine --bot shop.db --replay corpus/ --output-dir results/v2';
/** Fewer say nothing about what was held out. */
const fewestPairs = 5;

/** Mean losses of replies in nats per token, weighted by tokens. */
interface Measured {
  readonly set: 'known' | 'new';
  readonly before: number;
  readonly after: number;
}

export async function retrainCommand(
  given: GivenOptions<RetrainOption>,
  terminal: Terminal = process,
): Promise<number> {
  const options = completeOptions(retrainOptions, [given]);
  const { model, outputDir } = options;
  if (model === null || outputDir === null)
    throw new UserError(
      'model-not-named',
      `name the model and ${option('outputDir')}, for example ${example}`,
    );
  if (existsSync(outputDir))
    throw new UserError('output-exists', `${outputDir} exists; name another ${option('outputDir')}`);
  const known = options.evalData.length > 0 ? options.evalData : evaluationParts(options.replay);
  if (known.length === 0)
    throw new UserError(
      'data-not-named',
      `name what the old model was evaluated on with ${option('evalData')}, or a prepared corpus with an evaluation part with ${option('replay')}`,
    );
  const pairs = await acceptedPairs(options);
  const files = writeParts(pairs, options.heldOut, `${outputDir}.data`);
  const candidate = `${outputDir}.candidate`;
  const code = await trainCommand(trainFlags(options, model, candidate, files, known), undefined, terminal);
  if (code !== ExitCode.ok) return code;
  const measured = [
    await compared('known', known, [model, candidate], options, terminal),
    await compared('new', [files.heldOut], [model, candidate], options, terminal),
  ];
  const worse = measured.filter(({ before, after }) => after > before * (1 + options.maxWorse));
  const isAccepted = worse.length === 0;
  const result = {
    ...{ accepted: isAccepted, model, max_worse: options.maxWorse, losses: measured },
    // Wordings of one question stand on one side.
    pairs: files.counts,
  };
  const report = new NewFile(join(candidate, 'retrain.json'), true);
  report.write(`${JSON.stringify(result, null, 2)}\n`);
  report.commit();
  if (isAccepted) renameSync(candidate, outputDir);
  const place = isAccepted ? outputDir : candidate;
  terminal.stdout.write(
    options.json ? `${jsonLine({ ...result, output_dir: place })}\n` : resultText(measured, worse, place),
  );
  return isAccepted ? ExitCode.ok : ExitCode.unexpected;
}

async function acceptedPairs({ bot }: RetrainOptions): Promise<Pair[]> {
  return withStore(bot, example, 'read', async (store) => {
    const pairs: Pair[] = [];
    for await (const pair of store.accepted(0)) pairs.push(pair);
    if (pairs.length >= fewestPairs) return pairs;
    throw new UserError(
      'nothing-to-learn',
      `${store.name} has ${pairs.length} accepted ${pairs.length === 1 ? 'answer' : 'answers'}, and a training needs ${fewestPairs}; decide on more with chatbot-rules review`,
    );
  });
}

/**
 * The pairs to learn and those held out, by a hash of the question, so that each time the same ones are held out. Wordings of one
 * question stand on one side: otherwise the model would be asked what it has just learned.
 */
function writeParts(pairs: readonly Pair[], share: number, folder: string) {
  const wanted = Math.max(1, Math.round(share * pairs.length));
  const [heldOut, learned]: [Pair[], Pair[]] = [[], []];
  // A group that would hold out more than twice as much is learned.
  for (const group of pairGroups(pairs))
    (heldOut.length < wanted && heldOut.length + group.length <= 2 * wanted ? heldOut : learned).push(
      ...group,
    );
  if (heldOut.length === 0 || learned.length === 0)
    throw new UserError(
      'nothing-to-learn',
      'the accepted answers are wordings of too few questions, so none can be held out; decide on more with chatbot-rules review',
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, part: readonly Pair[]) => {
    const file = new NewFile(join(folder, name), true);
    for (const pair of part) file.write(pairLine(pair));
    file.commit();
    return join(folder, name);
  };
  return {
    counts: { learned: learned.length, held_out: heldOut.length },
    learned: write('learned.jsonl', learned),
    heldOut: write('held-out.jsonl', heldOut),
  };
}

/** An answer of so many characters is given to one question only; "Yes." is not. */
const tellingAnswer = 20;

/** Groups of pairs whose questions are nearly the same, or which have the same answer, if it is no short one. In the order of hashes. */
export function pairGroups(pairs: readonly Pair[]): Pair[][] {
  const union = new Union(pairs.length);
  for (const [first = 0, ...others] of questionGroups(pairs.map(({ question }) => question)))
    for (const other of others) union.join(first, other);
  const firsts = new Map<string, number>();
  for (const [index, { answer }] of pairs.entries()) {
    const text = normalize(answer);
    if (text.length < tellingAnswer) continue;
    union.join(firsts.get(text) ?? index, index);
    firsts.set(text, firsts.get(text) ?? index);
  }
  const groups = new Map<number, Pair[]>();
  const numbers = union.takeNumbers();
  for (const [index, pair] of pairs.entries()) {
    const number = numbers[index] ?? 0;
    const group = groups.get(number);
    if (group) group.push(pair);
    else groups.set(number, [pair]);
  }
  const hashOf = ({ question }: Pair) => createHash('sha256').update(normalize(question)).digest('hex');
  return [...groups.values()]
    .map((group) => ({ group, hash: group.map(hashOf).sort()[0] ?? '' }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1))
    .map(({ group }) => group);
}

function trainFlags(
  options: RetrainOptions,
  model: string,
  outputDir: string,
  files: { readonly learned: string; readonly heldOut: string },
  known: readonly string[],
): GivenOptions<TrainOption> {
  const { replay, replayRatio, numTrainEpochs, learningRate, seed, device, threads, quiet } = options;
  const values: Partial<Record<TrainOption, unknown>> = {
    ...{ model, outputDir, data: [files.learned], evalData: [files.heldOut, ...known] },
    ...{ numTrainEpochs, learningRate, seed, device, quiet: quiet || options.json },
    ...(replay.length > 0 && { replay, replayRatio }),
    ...(threads !== null && { threads }),
  };
  return new Map(
    Object.entries(values).map(([key, value]) => [
      key as TrainOption,
      { value, where: 'in chatbot-rules retrain' } satisfies Given,
    ]),
  );
}

/** The losses of two models on the learned replies of some files. */
async function compared(
  set: Measured['set'],
  paths: readonly string[],
  [before, after]: readonly [string, string],
  options: RetrainOptions,
  terminal: Terminal,
): Promise<Measured> {
  const { dialogues } = readCorpus(paths);
  const loss = (suspicious: string) =>
    withScorer({ ...options, quiet: true, suspicious }, terminal, async (scoring) => {
      const replies = await scoring?.scorer.score(dialogues, () => {});
      let [tokens, sum] = [0, 0];
      for (let index = 0; replies && index < replies.length; index++) {
        const reply = replies.at(index);
        tokens += reply.tokens + 1;
        sum += (reply.tokens + 1) * reply.loss;
      }
      return sum / Math.max(1, tokens);
    });
  return { set, before: await loss(before), after: await loss(after) };
}

function resultText(measured: readonly Measured[], worse: readonly Measured[], place: string): string {
  const names = { known: 'what the old model was evaluated on', new: 'new answers, held out' };
  const lines = measured.map(
    ({ set, before, after }) => `loss ${short(before)} -> ${short(after)}  ${names[set]}\n`,
  );
  const verdict =
    worse.length === 0
      ? `${place} is accepted`
      : `not accepted: it is worse on ${worse.map(({ set }) => names[set]).join(' and on ')}; the old model stays, and the new one is in ${place}`;
  return `${lines.join('')}${messageLine(verdict)}\n`;
}
