// What an emoji is: a picture, also of several characters, a flag, or a key such as 1️⃣. Signs of text such as © and 5 are none.

const one = String.raw`(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\ufe0f))[\p{Emoji_Modifier}\ufe0f\u20e3]*`;

/** Global. */
export const emoji = new RegExp(
  String.raw`\p{Regional_Indicator}{2}|${one}(?:\u200d${one})*|[0-9#*]\ufe0f\u20e3`,
  'gu',
);
