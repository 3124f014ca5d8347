// The description of a command's option. Flags, `--help`, keys of config files, validation and the type of the value all
// derive from one table of these. It imports nothing, so that `--help` is fast.
//
// The key in camelCase gives the flag (`learningRate` -> `--learning-rate`). A default of null means that the program
// decides, as `unset` says.

interface Described {
  /** The heading in `--help`. */
  readonly group: string;
  /** One sentence for `--help`. */
  readonly help: string;
  /** A shorter flag, without dashes. */
  readonly alias?: string;
  /** What the default null means; shown as the default. */
  readonly unset?: string;
  /** Ends the message that refuses a value: what the user may want instead. */
  readonly instead?: string;
}

export interface SwitchSpec extends Described {
  readonly type: 'switch';
  readonly default: boolean;
}

export interface NumberSpec extends Described {
  readonly type: 'integer' | 'number';
  readonly default: number | null;
  /** The placeholder for the value in `--help`. */
  readonly value: string;
  /** The range: `min` and `max` are included, `above` and `below` are not. */
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly below?: number;
  /** A word that is allowed instead of a number. */
  readonly word?: string;
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
  /** A regular expression for the whole text, and its description in words. */
  readonly pattern?: { readonly source: string; readonly words: string };
  /** Only allowed as a flag, not in a config file. */
  readonly onlyFlag?: true;
  /** A positional argument instead of a flag; a table has at most one. */
  readonly positional?: true;
}

export interface ListSpec extends Described {
  readonly type: 'list';
  readonly default: readonly string[];
  readonly value: string;
  /** Each flag takes one value, so that a positional argument can follow. Otherwise a flag takes all values that follow. */
  readonly onePerFlag?: true;
  /** Positional arguments instead of a flag; a table has at most one such option. */
  readonly positional?: true;
}

/** A flag with an optional value; alone it means true. */
export interface OptionalTextSpec extends Described {
  readonly type: 'optional-text';
  readonly default: false;
  readonly value: string;
}

export type OptionSpec = SwitchSpec | NumberSpec | ChoiceSpec | TextSpec | ListSpec | OptionalTextSpec;

/** All options of a command, in the order of `--help`. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<Spec extends OptionSpec> =
  | (Spec extends SwitchSpec
      ? boolean
      : Spec extends NumberSpec
        ? number | (Spec extends { readonly word: infer Word } ? Word : never)
        : Spec extends ListSpec
          ? readonly string[]
          : Spec extends OptionalTextSpec
            ? string | boolean
            : Spec extends { readonly choices: readonly (infer Choice)[] }
              ? Choice
              : string)
  | (Spec extends { readonly default: null } ? null : never);

/** The complete options: the table's defaults, overridden by a config file, overridden by flags. */
export type ValuesOf<Table extends OptionTable> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

/** The entries of a table with typed keys. */
export function entriesOf<Key extends string>(
  table: Readonly<Record<Key, OptionSpec>>,
): readonly (readonly [Key, OptionSpec])[] {
  const keys = Object.keys(table) as Key[];
  return keys.map((key) => [key, table[key]] as const);
}

/** `learningRate` -> `learning-rate`: the flag without dashes, and the key in a config file. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flag that changes the option from its default; the name of a positional argument. */
export function flagOf<Key extends string>(table: Readonly<Record<Key, OptionSpec>>, key: Key): string {
  const spec = table[key];
  if (isPositional(spec)) return kebab(key);
  return spec.type === 'switch' && spec.default ? `--no-${kebab(key)}` : `--${kebab(key)}`;
}

export function isPositional(spec: OptionSpec): boolean {
  return (spec.type === 'text' || spec.type === 'list') && spec.positional === true;
}

/** The default as people write it (`5e-5`); undefined when there is nothing to show, as for switches. */
export function defaultText(spec: OptionSpec): string | undefined {
  if (spec.unset !== undefined) return spec.unset;
  if (typeof spec.default === 'number')
    return spec.default > 0 && spec.default < 1e-3 ? spec.default.toExponential() : String(spec.default);
  return typeof spec.default === 'string' ? spec.default : undefined;
}
