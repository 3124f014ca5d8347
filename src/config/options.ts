// Every option of `chatbot-train`, once, as plain data: flags, `--help`, the keys of config files, the validation and
// the type of a run's options all derive from this table. It imports nothing, so that `--help` is instant.
//
// Names and defaults are those of Hugging Face's TrainingArguments where it has them. The key in camelCase gives the
// flag (`learningRate` -> `--learning-rate`). A default of null means that the run decides, as `unset` says.

export type Group = 'Model and data' | 'Training' | 'Evaluation and saving' | 'Device and memory' | 'Output';

interface Described {
  readonly group: Group;
  /** One sentence for `--help`. */
  readonly help: string;
  /** A shorter flag, without dashes. */
  readonly alias?: string;
  /** What null, the default, comes to; shown as the default. */
  readonly unset?: string;
}

export interface SwitchSpec extends Described {
  readonly type: 'switch';
  readonly default: boolean;
}

export interface NumberSpec extends Described {
  readonly type: 'integer' | 'number';
  readonly default: number | null;
  /** What stands for the number in `--help`. */
  readonly value: string;
  /** The range: `min` and `max` belong to it, `above` and `below` do not. */
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
}

export interface ChoiceSpec extends Described {
  readonly type: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}

export interface TextSpec extends Described {
  readonly type: 'text';
  readonly default: string | null;
  readonly value: string;
  /** A regular expression for the whole text, and the same in words. */
  readonly pattern?: { readonly source: string; readonly words: string };
  /** Only a flag: means nothing inside a config file. */
  readonly onlyFlag?: true;
}

export interface ListSpec extends Described {
  readonly type: 'list';
  readonly default: readonly string[];
  readonly value: string;
}

/** A flag that works alone (true) or with a value. */
export interface OptionalTextSpec extends Described {
  readonly type: 'optional-text';
  readonly default: false;
  readonly value: string;
}

export type OptionSpec = SwitchSpec | NumberSpec | ChoiceSpec | TextSpec | ListSpec | OptionalTextSpec;

export const options = {
  // ---- Model and data
  model: {
    group: 'Model and data',
    type: 'text',
    value: 'model',
    default: 'microsoft/DialoGPT-small',
    help: 'What to train: a Hugging Face folder, a hub id, or tiny, small, medium or large for a fresh model of that size.',
  },
  data: {
    group: 'Model and data',
    type: 'list',
    value: 'path',
    default: [],
    help: 'Conversations to learn from (required): files or folders, as many as you like.',
  },
  format: {
    group: 'Model and data',
    type: 'choice',
    choices: ['auto', 'qa', 'turns', 'messages', 'tsv', 'cornell'],
    default: 'auto',
    help: 'How the files are written; auto looks into each one.',
  },
  maxLength: {
    group: 'Model and data',
    type: 'integer',
    value: 'tokens',
    default: null,
    unset: '512, or the longest that the model can take if that is less',
    min: 2,
    help: 'Tokens in a row: a longer dialogue loses its oldest turns, shorter ones share a row.',
  },
  packing: {
    group: 'Model and data',
    type: 'switch',
    default: true,
    help: 'One dialogue a row, padded, instead of rows filled with several: slower, only for comparisons.',
  },
  lossOn: {
    group: 'Model and data',
    type: 'choice',
    choices: ['responses', 'all', 'last'],
    default: 'responses',
    help: 'Turns that the model learns to say: every turn but the first, all of them, or the last only.',
  },
  config: {
    group: 'Model and data',
    type: 'text',
    value: 'file',
    default: null,
    unset: 'none',
    onlyFlag: true,
    help: 'Read options from a YAML or JSON file, keys spelt like the flags; flags win over the file.',
  },

  // ---- Training
  numTrainEpochs: {
    group: 'Training',
    type: 'number',
    value: 'n',
    alias: 'epochs',
    default: 3,
    above: 0,
    help: 'How many times to go through the conversations; 0.5 is half of them.',
  },
  maxSteps: {
    group: 'Training',
    type: 'integer',
    value: 'n',
    default: -1,
    min: -1,
    help: 'Stop after exactly this many optimizer steps, whatever the epochs say; -1 leaves it to the epochs.',
  },
  perDeviceTrainBatchSize: {
    group: 'Training',
    type: 'integer',
    value: 'rows',
    alias: 'batch-size',
    default: 8,
    min: 1,
    help: 'Rows computed at once: more is faster until memory runs out.',
  },
  gradientAccumulationSteps: {
    group: 'Training',
    type: 'integer',
    value: 'n',
    alias: 'grad-accum',
    default: 1,
    min: 1,
    help: 'Batches that are added up before the weights move: a bigger batch without more memory.',
  },
  learningRate: {
    group: 'Training',
    type: 'number',
    value: 'rate',
    alias: 'lr',
    default: 5e-5,
    above: 0,
    help: 'How far each step moves the weights: about 5e-5 for a trained model, 1e-3 for a fresh small one.',
  },
  lrSchedulerType: {
    group: 'Training',
    type: 'choice',
    choices: ['linear', 'cosine', 'constant', 'constant_with_warmup'],
    default: 'linear',
    help: 'How the learning rate falls after the warm-up: straight to 0, along a cosine to 0, or not at all (constant has no warm-up either).',
  },
  warmupSteps: {
    group: 'Training',
    type: 'number',
    value: 'n',
    default: 0,
    min: 0,
    help: 'Steps in which the learning rate rises from 0; below 1 it is a share of all steps (0.1: the first tenth).',
  },
  weightDecay: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 0,
    min: 0,
    help: 'Pulls the weight matrices towards 0 at every step, against overfitting; 0.01 is common.',
  },
  adamBeta1: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 0.9,
    min: 0,
    below: 1,
    help: "Memory of AdamW's mean of the gradients.",
  },
  adamBeta2: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 0.999,
    min: 0,
    below: 1,
    help: "Memory of AdamW's mean of the squared gradients.",
  },
  adamEpsilon: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 1e-8,
    min: 0,
    help: 'Keeps AdamW from dividing by 0.',
  },
  maxGradNorm: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 1,
    min: 0,
    help: 'Shortens gradients longer than this, so that one odd batch cannot throw the model off; 0 leaves them.',
  },
  labelSmoothingFactor: {
    group: 'Training',
    type: 'number',
    value: 'x',
    default: 0,
    min: 0,
    below: 1,
    help: 'Share of the target given to all other words, so that the model grows less sure of itself.',
  },
  dropout: {
    group: 'Training',
    type: 'number',
    value: 'p',
    default: null,
    unset: "the model's own, 0.1 for most",
    min: 0,
    below: 1,
    help: 'Share of activations switched off at random while training, in all three places that GPT-2 has for it.',
  },
  seed: {
    group: 'Training',
    type: 'integer',
    value: 'n',
    default: 42,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'Decides everything random: the same seed, data and device give the same model.',
  },

  // ---- Evaluation and saving
  evalData: {
    group: 'Evaluation and saving',
    type: 'list',
    value: 'path',
    default: [],
    unset: 'a share of --data',
    help: 'Conversations to measure the model on, never trained on: files or folders.',
  },
  evalRatio: {
    group: 'Evaluation and saving',
    type: 'number',
    value: 'share',
    default: 0.1,
    min: 0,
    below: 1,
    help: 'Share of the dialogues kept aside to measure on when there is no --eval-data; 0 measures nothing.',
  },
  evalSteps: {
    group: 'Evaluation and saving',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'once an epoch',
    min: 1,
    help: 'Measure the evaluation loss every so many steps.',
  },
  earlyStoppingPatience: {
    group: 'Evaluation and saving',
    type: 'integer',
    value: 'n',
    default: 3,
    min: 0,
    help: 'Stop after this many evaluations in a row without a better loss; 0 never stops early.',
  },
  earlyStoppingThreshold: {
    group: 'Evaluation and saving',
    type: 'number',
    value: 'x',
    default: 0,
    min: 0,
    help: 'By how much the evaluation loss must fall to count as better.',
  },
  failAboveEvalLoss: {
    group: 'Evaluation and saving',
    type: 'number',
    value: 'loss',
    default: null,
    unset: 'no bound',
    min: 0,
    help: 'Exit with 1 when the best evaluation loss is above this: a quality gate for CI.',
  },
  saveSteps: {
    group: 'Evaluation and saving',
    type: 'integer',
    value: 'n',
    default: 500,
    min: 1,
    help: 'Write a checkpoint every so many steps.',
  },
  saveTotalLimit: {
    group: 'Evaluation and saving',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'all',
    min: 1,
    help: 'Keep only so many checkpoints; the best and the newest always stay.',
  },
  resume: {
    group: 'Evaluation and saving',
    type: 'optional-text',
    value: 'folder',
    default: false,
    help: 'Go on from a checkpoint as if never stopped: from this folder, or the newest one in --output-dir.',
  },

  // ---- Device and memory
  device: {
    group: 'Device and memory',
    type: 'text',
    value: 'device',
    default: 'auto',
    pattern: {
      source: 'auto|cpu|cuda(:[0-9]{1,3})?|tfjs(:[a-z][a-z0-9-]*)?',
      words: 'auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND',
    },
    help: 'Where to compute: auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND; auto takes the fastest that works.',
  },
  precision: {
    group: 'Device and memory',
    type: 'choice',
    choices: ['auto', 'fp32', 'bf16', 'fp16'],
    default: 'auto',
    help: 'Numbers to compute in: 16 bits halve memory where the device has them; auto takes the fastest safe ones.',
  },
  gradientCheckpointing: {
    group: 'Device and memory',
    type: 'switch',
    default: false,
    help: 'Forget activations and compute them again when needed: a third slower, much less memory.',
  },
  threads: {
    group: 'Device and memory',
    type: 'integer',
    value: 'n',
    default: null,
    unset: 'one a core',
    min: 1,
    max: 1024,
    help: 'Processor threads to compute with; the result does not depend on it.',
  },

  // ---- Output
  outputDir: {
    group: 'Output',
    type: 'text',
    value: 'folder',
    default: null,
    unset: 'results/<model>-<date>',
    help: 'Where the model, checkpoints, metrics and report go.',
  },
  loggingSteps: {
    group: 'Output',
    type: 'integer',
    value: 'n',
    default: null,
    unset: '500, or a fiftieth of the run if that is less',
    min: 1,
    help: 'Report loss and speed every so many steps.',
  },
  dryRun: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print the plan (tokens, steps, memory) and stop.',
  },
  json: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print the result as one line of JSON on stdout.',
  },
  quiet: {
    group: 'Output',
    type: 'switch',
    default: false,
    help: 'Print nothing but errors (and what --json asks for).',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

type OptionTable = typeof options;
export type OptionKey = keyof OptionTable;

type ValueOf<Spec extends OptionSpec> =
  | (Spec extends SwitchSpec
      ? boolean
      : Spec extends NumberSpec
        ? number
        : Spec extends ListSpec
          ? readonly string[]
          : Spec extends OptionalTextSpec
            ? string | boolean
            : Spec extends { readonly choices: readonly (infer Choice)[] }
              ? Choice
              : string)
  | (Spec extends { readonly default: null } ? null : never);

/** What a person asked for, complete: the table's defaults, under the config file, under the flags. */
export type Options = { readonly [Key in OptionKey]: ValueOf<OptionTable[Key]> };

/** The options in the order of `--help`. */
export const optionEntries = Object.entries(options) as readonly (readonly [OptionKey, OptionSpec])[];

/** `learningRate` -> `learning-rate`: the flag without dashes, also the key in a config file. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What a person types to move the option off its default. */
export function flagOf(key: OptionKey): string {
  const spec: OptionSpec = options[key];
  return spec.type === 'switch' && spec.default ? `--no-${kebab(key)}` : `--${kebab(key)}`;
}

/** The default as people write it (`5e-5`); undefined where there is none to speak of, as for switches. */
export function defaultText(spec: OptionSpec): string | undefined {
  if (spec.unset !== undefined) return spec.unset;
  if (typeof spec.default === 'number')
    return spec.default > 0 && spec.default < 1e-3 ? spec.default.toExponential() : String(spec.default);
  return typeof spec.default === 'string' ? spec.default : undefined;
}
