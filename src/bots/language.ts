// The languages in which bots have sentences of their own, and which of them a message is in.

export const languages = ['en', 'zh'] as const;

export type Language = (typeof languages)[number];

/** A value for each language. */
export type ByLanguage<Value> = Readonly<Record<Language, Value>>;

/** Enough of a message to tell its language. */
const readCharacters = 1000;

/** Chinese if the text has Han characters, and at least as many as it has words of Latin letters. Otherwise English. */
export function languageOf(text: string): Language {
  const start = text.slice(0, readCharacters);
  const han = start.match(/\p{Script=Han}/gu)?.length ?? 0;
  const words = start.match(/\p{Script=Latin}+/gu)?.length ?? 0;
  return han > 0 && han >= words ? 'zh' : 'en';
}

/**
 * The language of the newest message of a conversation that has letters.
 * @param turns the user's and the bot's alternately, the user's last.
 */
export function languageOfTurns(turns: readonly string[]): Language {
  for (let at = turns.length - 1; at >= 0; at -= 2) {
    const turn = turns[at] ?? '';
    if (/\p{L}/u.test(turn.slice(0, readCharacters))) return languageOf(turn);
  }
  return 'en';
}
