// What a question looks like in a text, and how the marks of questions and answers ("Q:", "1.") are removed. Used for the
// parts of a page that do not say themselves that they are questions.

export interface Pair {
  readonly question: string;
  readonly answer: string;
}

const questionMark = /[?？؟⸮][\s"'”’»」』)）\]]*$/;
const marker = /^(?:q|question|frage|pregunta|domanda|问|問|問題|问题|質問)\s*\d{0,3}\s*[.:：)）]\s*/i;
const answerMarker = /^(?:a|answer|antwort|respuesta|réponse|risposta|答|回答|答案)\s*\d{0,3}\s*[:：]\s*/i;
const numbering = /^\(?\d{1,3}[.)、．]\s+/;
/** Questions that are often written without a question mark. */
const opening =
  /^(?:how (?:to|do|does|can|long|much|many)\b|如何|怎么|怎样|怎麼|为什么|為什麼|什么是|什麼是)/i;
const chineseEnding = /[吗嗎呢么麼]$/;

const longestQuestion = 500;

export function isQuestion(line: string): boolean {
  if (line.length > longestQuestion) return false;
  const text = line.replace(numbering, '');
  return questionMark.test(text) || marker.test(text) || opening.test(text) || chineseEnding.test(text);
}

export function tidyQuestion(line: string): string {
  return line.replace(numbering, '').replace(marker, '').trim();
}

export function tidyAnswer(text: string): string {
  return text.replace(answerMarker, '').trim();
}
