// The options of `chatbot-chat` that can change while it runs. `/set` overrides the command line and checks all options
// again, so the same names, limits and conflicts apply.

import { type ChatOption, type ChatOptions, chatOptions } from '../../config/chat-options.js';
import { type LoadedChatOptions, loadChatOptions } from '../../config/chat-settings.js';
import type { Given, GivenOptions } from '../../config/schema.js';
import { UserError } from '../../errors.js';
import { kebab, type OptionSpec } from '../../option-spec.js';
import { quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { typedValue } from '../flags.js';

const chatSettings = [
  ...(['greedy', 'temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'noRepeatNgramSize'] as const),
  ...(['seed', 'minNewTokens', 'maxNewTokens', 'stop', 'candidates', 'numBeams', 'lengthPenalty'] as const),
] as const satisfies readonly ChatOption[];

export type Setting = (typeof chatSettings)[number];

/** Their names as typed. */
export const settingNames: readonly string[] = chatSettings.map(kebab);

/** The word that resets a setting to its default. */
const defaultWord = 'default';

/** @throws UserError (usage) for an unknown name. */
export function settingNamed(name: string): Setting {
  const spelt = kebab(name.replace(/^-+/, '')).replaceAll('_', '-');
  const found = chatSettings.find((setting) => kebab(setting) === spelt || specOf(setting).alias === spelt);
  if (found !== undefined) return found;
  const near = nearest(spelt.slice(0, 40), settingNames);
  const hint = near === undefined ? '/set lists them all' : `did you mean ${near}?`;
  throw new UserError('chat-command-invalid', `there is no setting ${quoted(name, 40)}; ${hint}`);
}

/** Its help text. */
export function settingHelp(setting: Setting): string {
  return specOf(setting).help;
}

/** Values that completion offers after the name. */
export function valuesFor(name: string): readonly string[] {
  const setting = chatSettings.find((known) => kebab(known) === name);
  if (setting === undefined) return [];
  const spec = specOf(setting);
  return spec.type === 'switch' ? ['true', 'false', defaultWord] : [defaultWord];
}

export class ChatSettings {
  private given: GivenOptions<ChatOption>;
  private loaded: LoadedChatOptions;

  /** @param flags those of the command line. */
  constructor(flags: GivenOptions<ChatOption>) {
    this.given = flags;
    this.loaded = loadChatOptions(flags);
  }

  get options(): ChatOptions {
    return this.loaded.options;
  }

  /**
   * Overrides a value of the command line.
   * @param text as typed; `default` resets it.
   * @param check may refuse the new options by throwing.
   * @returns notes about options that no longer have an effect.
   * @throws UserError (usage) for a value that is not allowed; nothing has changed then.
   */
  set(setting: Setting, text: string, check: (options: ChatOptions) => void): readonly string[] {
    const given = new Map(this.given);
    if (text === defaultWord) given.delete(setting);
    else given.set(setting, { value: typed(specOf(setting), text), where: 'in /set' } satisfies Given);
    const loaded = loadChatOptions(given);
    check(loaded.options);
    const news = loaded.notes.filter((note) => !this.loaded.notes.includes(note));
    this.given = given;
    this.loaded = loaded;
    return news;
  }

  /** The value in a form that can be typed. */
  shown(setting: Setting): string {
    const value = this.options[setting];
    if (value === null) return `${defaultWord} (${specOf(setting).unset ?? 'none'})`;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }

  /** All names and values. */
  get lines(): readonly (readonly [name: string, value: string])[] {
    return chatSettings.map((setting) => [kebab(setting), this.shown(setting)]);
  }
}

function specOf(setting: Setting): OptionSpec {
  return chatOptions[setting];
}

/** A list is typed as JSON, or as its only element. */
function typed(spec: OptionSpec, text: string): unknown {
  if (spec.type === 'switch') return text === 'true' || (text === 'false' ? false : text);
  if (spec.type !== 'list') return typedValue(spec, text);
  if (!/^[["]/.test(text)) return [text];
  try {
    return [JSON.parse(text)].flat();
  } catch {
    return text;
  }
}
