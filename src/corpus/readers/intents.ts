// Reads intents.json, as tutorials for chatbots use it: { "intents": [{ "tag", "patterns", "responses" }] }. Each pattern is
// a question. Its answer is one of the responses, drawn by the pattern's text, so that it is always the same one.

import { Random } from '../../random.js';
import type { SingleRecordReader } from '../reader.js';
import { listOf, RecordError, textOf } from './record.js';

const fields: ReadonlySet<string> = new Set(['patterns', 'responses', 'tag', 'intent']);

export const intents: SingleRecordReader = {
  format: 'intents',
  about: 'intents with patterns and responses; each pattern is asked once, with one of the responses',
  example: {
    'intents.json':
      '{"intents": [{"tag": "hello", "patterns": ["Hi", "Good day"], "responses": ["Hello!", "Welcome"]}]}',
  },
  expects: 'patterns and responses',
  fields: () => fields,
  matches: (record) => Object.hasOwn(record, 'patterns') && Object.hasOwn(record, 'responses'),
  read({ patterns, responses }, { source }) {
    const answers = listOf(responses, 'responses').map((text) => textOf(text, 'a response'));
    const questions = listOf(patterns, 'patterns').map((text) => textOf(text, 'a pattern'));
    if (answers.length === 0 || questions.length === 0)
      throw new RecordError('content', 'an intent without patterns or responses');
    return questions.map((text) => ({
      source,
      turns: [
        { text, supervised: true, role: 'user' },
        { text: answers[drawn(text ?? '', answers.length)] ?? null, supervised: true, role: 'assistant' },
      ],
    }));
  },
};

function drawn(text: string, count: number): number {
  return new Random(...Array.from(text, (letter) => letter.codePointAt(0) ?? 0)).below(count);
}
