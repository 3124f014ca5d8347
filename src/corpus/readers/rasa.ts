// Reads Rasa stories. A step of the user names an intent, whose examples are in nlu.yml, or has the words themselves; a step
// of the bot names a response, whose texts are in domain.yml. Steps without words (slots, checkpoints, custom actions) cut
// the dialogue. One example and one text are drawn by the story's name, so that they are always the same.

import { type Fields, isRecord } from '../../objects.js';
import { Random } from '../../random.js';
import type { FolderReader, ReadContext, SingleRecordReader } from '../reader.js';
import type { TextFile } from '../text-file.js';
import { openText } from '../text-file.js';
import { type RawDialogue, type RawTurn, RecordError } from './record.js';
import { yaml } from './yaml.js';

/** What users and bots say, by the name of the intent and of the response. */
interface Words {
  readonly examples: Map<string, string[]>;
  readonly responses: Map<string, string[]>;
}

const fields: ReadonlySet<string> = new Set([
  ...[
    'version',
    'stories',
    'nlu',
    'responses',
    'intents',
    'actions',
    'entities',
    'slots',
    'forms',
    'session_config',
    'rules',
  ],
]);

export const rasaStories: SingleRecordReader = {
  format: 'rasa-stories',
  about: 'Rasa stories whose words are in the same file, as in test stories',
  example: {
    'test_stories.yml':
      'stories:\n- story: hello\n  steps:\n  - user: |\n      hi there\n    intent: greet\n  - bot: Hello! How can I help?\n',
  },
  expects: 'stories',
  fields: () => fields,
  matches: (record) =>
    Array.isArray(record.stories) || (Array.isArray(record.nlu) && record.version !== undefined),
  read(record, { source }) {
    if (!Array.isArray(record.stories))
      throw new RecordError(
        'content',
        'intents and examples of Rasa without stories',
        'examples of intents are no conversations; name the folder with stories.yml, nlu.yml and domain.yml',
      );
    const words = noWords();
    addWords(record, words);
    return [...dialoguesOf(record, words, source)];
  },
};

export const rasa: FolderReader = {
  format: 'rasa',
  about: 'a Rasa project: a folder with domain.yml, and stories and examples in data/',
  example: {
    'domain.yml': 'intents:\n- greet\nresponses:\n  utter_greet:\n  - text: Hello!\n',
    'data/nlu.yml':
      'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hi\n    - hello [Ann](name)\n',
    'data/stories.yml':
      'version: "3.1"\nstories:\n- story: hello\n  steps:\n  - intent: greet\n  - action: utter_greet\n',
  },
  claims(names) {
    const isYaml = (name: string) => /\.ya?ml$/.test(name);
    const domain = names.some((name) => /^domain(?:\.ya?ml$|\/)/.test(name) && isYaml(name));
    const parts = names.filter((name) => isYaml(name) && /^(?:domain|data|tests)[./]/.test(name));
    return domain && parts.length > 1
      ? [...parts, ...names.filter((name) => /^(?:config|endpoints|credentials)\.ya?ml$/.test(name))]
      : [];
  },
  *read({ files }, context) {
    const texts = [...files]
      .filter(([name]) => /^(?:domain|data|tests)/.test(name))
      .map(([, source]) => openText(source));
    const words = noWords();
    for (const file of texts) for (const { value } of documents(file, context)) addWords(value, words);
    for (const file of texts)
      for (const { value, line } of documents(file, context))
        yield* dialoguesOf(value, words, `${file.path}:${line}`);
  },
};

function* documents(file: TextFile, context: ReadContext): Generator<{ value: Fields; line: number }> {
  for (const record of yaml.records(file, context))
    if ('value' in record && isRecord(record.value)) yield { value: record.value, line: record.line };
}

function noWords(): Words {
  return { examples: new Map(), responses: new Map() };
}

function addWords({ nlu, responses }: Fields, words: Words): void {
  for (const intent of Array.isArray(nlu) ? nlu : []) {
    if (!isRecord(intent) || typeof intent.intent !== 'string' || typeof intent.examples !== 'string')
      continue;
    const examples = intent.examples.split('\n').flatMap((line) => /^\s*- (.*)$/.exec(line)?.[1] ?? []);
    words.examples.set(intent.intent, examples.map(withoutEntities));
  }
  for (const [name, texts] of Object.entries(isRecord(responses) ? responses : {})) {
    const list = (Array.isArray(texts) ? texts : []).flatMap((one) =>
      isRecord(one) && typeof one.text === 'string' ? one.text : [],
    );
    words.responses.set(name, list);
  }
}

/** `hello [Ann](name)` and `hello [Ann]{"entity": "name"}` without the marks. */
function withoutEntities(example: string): string {
  return example.replace(/\[([^\]]{1,200})\](?:\([^)]{0,200}\)|\{[^}]{0,500}\})/g, '$1').trim();
}

function* dialoguesOf({ stories }: Fields, words: Words, source: string): Generator<RawDialogue> {
  for (const story of Array.isArray(stories) ? stories : []) {
    if (!isRecord(story) || !Array.isArray(story.steps)) continue;
    const name = String(story.story ?? '');
    const turns = story.steps.flatMap((step, index) =>
      isRecord(step) ? turnOf(step, words, `${name} ${index}`) : [],
    );
    if (turns.length > 0) yield { turns, source };
  }
}

/** A step whose words are unknown is a turn without text, so that nothing is learned across it. */
function turnOf(step: Fields, words: Words, key: string): RawTurn[] {
  const user = { supervised: true, role: 'user' } as const;
  const bot = { supervised: true, role: 'assistant' } as const;
  if (typeof step.user === 'string') return [{ ...user, text: withoutEntities(step.user.trim()) }];
  if (typeof step.bot === 'string') return [{ ...bot, text: step.bot.trim() }];
  if (typeof step.intent === 'string')
    return [{ ...user, text: drawn(words.examples.get(step.intent), key) }];
  if (typeof step.action === 'string' && step.action.startsWith('utter_'))
    return [{ ...bot, text: drawn(words.responses.get(step.action), key) }];
  // Slots and listening are not said. Another action is, but its words are in code.
  return typeof step.action === 'string' && step.action !== 'action_listen' ? [{ ...bot, text: null }] : [];
}

function drawn(texts: readonly string[] | undefined, key: string): string | null {
  if (texts === undefined || texts.length === 0) return null;
  return (
    texts[new Random(...Array.from(key, (letter) => letter.codePointAt(0) ?? 0)).below(texts.length)] ?? null
  );
}
