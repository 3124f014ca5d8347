// Splits a command into words as a shell does: white space, quotes and backslashes. No shell runs it, so that no text of a
// corpus can become a command. What only a shell can do is refused.

import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import { quoted } from '../../../quote.js';

/** What a shell would act on outside of quotes. */
const ofShell = new Set('|&;<>()$`');

/**
 * @param key the option that holds the command, for messages.
 * @throws UserError (usage) if it has no words, an open quote, or needs a shell.
 */
export function commandWords(command: string, key: string): readonly [string, ...string[]] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < command.length; at++) {
    const character = command[at] ?? '';
    if (character === '\\' && quote !== "'") {
      const next = command[++at];
      if (next === undefined) throw refused(command, key, 'ends with a backslash');
      // In double quotes, a backslash stays before an ordinary character.
      word = `${word ?? ''}${quote === '"' && !'"\\$`'.includes(next) ? '\\' : ''}${next}`;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === "'" || character === '"')) {
      quote = character;
      word ??= '';
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if ((quote === '' && ofShell.has(character)) || (quote === '"' && '$`'.includes(character)))
      throw refused(
        command,
        key,
        `has ${quoted(character)}, which only a shell understands: write it as "sh -c '...'", or quote it`,
      );
    else word = `${word ?? ''}${character}`;
  }
  if (quote !== '') throw refused(command, key, `has no closing ${quote}`);
  if (word !== undefined) words.push(word);
  const [program, ...rest] = words;
  if (!program)
    throw new UserError(
      'option-invalid',
      `${option(key)} is empty; name a program that translates lines, such as "apertium {from}-{to}"`,
    );
  return [program, ...rest];
}

function refused(command: string, key: string, what: string): UserError {
  return new UserError('option-invalid', `${option(key)} ${quoted(command)} ${what}`);
}
