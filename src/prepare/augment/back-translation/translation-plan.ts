// What the options of back-translation mean together: two languages, and for each direction a command, an endpoint or a model.
// Combinations that cannot work are refused in one sentence.

import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import { quoted } from '../../../quote.js';
import { commandWords } from './command-words.js';
import type { TranslationOptions } from './translation-options.js';
import { type Direction, namesDirection, withLanguages } from './translator.js';

/** A value for each direction. */
interface Ways<Value> {
  readonly there: Value;
  readonly back: Value;
}

type Words = readonly [string, ...string[]];

export type TranslatorChoice =
  | { readonly kind: 'command'; readonly words: Ways<Words> }
  | {
      readonly kind: 'endpoint';
      readonly url: URL;
      readonly model: string;
      readonly key: string | null;
    }
  /** `back` is null if the same model is to translate back, which a multilingual one can. */
  | { readonly kind: 'model'; readonly there: string; readonly back: string | null };

export interface BackTranslationPlan {
  readonly directions: Ways<Direction>;
  readonly translator: TranslatorChoice;
  readonly timeout: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const translatorKeys = ['translateCommand', 'translateUrl', 'translateModel'] as const;

/**
 * @returns null if nothing is to be translated.
 * @throws UserError (usage) for options that cannot work together.
 */
export function backTranslationPlan(
  options: TranslationOptions,
  environment: Environment,
): BackTranslationPlan | null {
  refuseUseless(options);
  const { backTranslate, translateTimeout: timeout } = options;
  if (backTranslate === null) return null;
  const [from = '', to = ''] = backTranslate.split('-');
  if (from === to)
    throw new UserError(
      'option-invalid',
      `${option('backTranslate', backTranslate)} names the same language twice; name another one in between, such as ${from}-${from === 'en' ? 'es' : 'en'}`,
    );
  const directions = { there: { from, to }, back: { from: to, to: from } };
  return { directions, translator: choice(options, directions, environment), timeout };
}

/** Options that change nothing beside the others. */
function refuseUseless(options: TranslationOptions): void {
  const needs: readonly (readonly [keyof TranslationOptions, keyof TranslationOptions])[] = [
    ...translatorKeys.map((key) => [key, 'backTranslate'] as const),
    ['translateBackCommand', 'translateCommand'],
    ['translateBackModel', 'translateModel'],
    ['translateKeyVariable', 'translateUrl'],
  ];
  for (const [key, needed] of needs)
    if (options[key] !== null && options[needed] === null)
      throw conflict(`${option(key)} has no effect without ${option(needed)}; add it`);
  const { translateCommand, translateUrl, translateModel, translateBackModel } = options;
  if (translateCommand !== null && (translateUrl !== null || translateModel !== null))
    throw conflict(
      `${option('translateCommand')} and ${option(translateUrl === null ? 'translateModel' : 'translateUrl')} name two translators; keep one`,
    );
  if (translateUrl !== null && translateBackModel !== null)
    throw conflict(
      `${option('translateBackModel')} has no effect with ${option('translateUrl')}, whose model translates both ways; leave it out`,
    );
}

function choice(
  options: TranslationOptions,
  { there, back }: Ways<Direction>,
  environment: Environment,
): TranslatorChoice {
  const { translateCommand, translateBackCommand, translateUrl, translateModel, translateBackModel } =
    options;
  if (translateCommand !== null) {
    const command = wayBack(translateCommand, translateBackCommand, 'translateBackCommand');
    if (command === null)
      throw conflict(
        `${option('translateCommand')} translates one way only; add ${option('translateBackCommand')}, or write {from} and {to} in place of the languages`,
      );
    return {
      kind: 'command',
      words: {
        there: languagesIn(commandWords(translateCommand, 'translateCommand'), there),
        back: languagesIn(commandWords(command, 'translateBackCommand'), back),
      },
    };
  }
  if (translateUrl !== null) return endpoint(translateUrl, options, environment);
  if (translateModel === null)
    throw conflict(
      `${option('backTranslate')} needs a translator; add ${option('translateCommand')}, ${option('translateUrl')} or ${option('translateModel')}`,
    );
  const model = wayBack(translateModel, translateBackModel, 'translateBackModel');
  return {
    kind: 'model',
    there: withLanguages(translateModel, there),
    back: model === null ? null : withLanguages(model, back),
  };
}

/** @returns null if `value` does not serve both ways and nothing else is given for the way back. */
function wayBack(value: string, given: string | null, key: keyof TranslationOptions): string | null {
  if (!namesDirection(value)) return given;
  if (given === null) return value;
  throw conflict(
    `${option(key)} has no effect, because {from} and {to} name both ways already; leave it out`,
  );
}

function languagesIn([program, ...rest]: Words, direction: Direction): Words {
  return [withLanguages(program, direction), ...rest.map((word) => withLanguages(word, direction))];
}

function endpoint(
  address: string,
  { translateModel: model, translateKeyVariable }: TranslationOptions,
  environment: Environment,
): TranslatorChoice {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UserError(
      'option-invalid',
      `${option('translateUrl')} is not the address of a server; write it like http://localhost:11434/v1`,
    );
  if (url.username !== '' || url.password !== '')
    throw new UserError(
      'option-invalid',
      `${option('translateUrl')} has a password in it, which would stand in the manifest; put the key into an environment variable and name that by ${option('translateKeyVariable')}`,
    );
  if (model === null)
    throw conflict(`${option('translateUrl')} needs the name of its model; add ${option('translateModel')}`);
  return { kind: 'endpoint', url, model, key: keyOf(translateKeyVariable, environment) };
}

function keyOf(variable: string | null, environment: Environment): string | null {
  if (variable === null) return null;
  const key = environment[variable]?.trim() ?? '';
  if (/^[!-~]+$/.test(key)) return key;
  throw new UserError(
    'option-invalid',
    key === ''
      ? `${option('translateKeyVariable')} names ${variable}, which is not set; set it to the key of the server`
      : `the key in ${quoted(variable)} has characters that no key has; copy it again`,
  );
}

function conflict(sentence: string): UserError {
  return new UserError('options-conflict', sentence);
}
