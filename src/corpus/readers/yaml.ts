// YAML: each document of a file is a record, or a list of records. Every scalar is text, so that `yes`, `3` and `null` stay what was written.

import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { messageOf, UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { PlacedRecord, RecordSource } from '../reader.js';
import type { TextFile } from '../text-file.js';

/** The parser needs about a hundred times the size of the text. */
const longestText = 2 ** 24;
/** More aliases than this expand to something that no corpus needs. */
const mostAliases = 100;

export const yaml: RecordSource = {
  format: 'yaml',
  about: 'records of any of these formats as YAML documents',
  example: { 'talk.yml': 'turns:\n- Hi!\n- Hello!\n' },
  isNotation: true,
  recognizes({ name, text }) {
    if (/\.ya?ml$/.test(name)) return 'sure';
    const isKnown = /^(?:conversations|categories|intents|stories|nlu|version|turns|messages):(?:\s|$)/m.test(
      text,
    );
    return isKnown && /^[ \t]{0,100}- /m.test(text) ? 'maybe' : 'no';
  },
  records: (file) => documentsOf(file),
};

/** Every program that reads a corpus loads this file, but few read YAML, and its parser takes long to load. */
function parser(): typeof Yaml {
  return createRequire(import.meta.url)('yaml');
}

function* documentsOf(file: TextFile): Generator<PlacedRecord> {
  let text = '';
  for (const piece of file.pieces()) {
    text += piece;
    if (text.length > longestText)
      throw new UserError(
        'corpus-unreadable',
        `${file.path} has more than ${longestText} characters of YAML; split it into several files`,
      );
  }
  const yaml = parser();
  const lines = new yaml.LineCounter();
  try {
    const documents = yaml.parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: 'failsafe',
    });
    for (const document of documents) {
      const [problem] = document.errors;
      const line = lines.linePos(problem?.pos[0] ?? document.range?.[0] ?? 0).line;
      if (problem) throw notYaml(file, line, problem.message);
      const value: unknown = document.toJS({ maxAliasCount: mostAliases }) ?? {};
      if (Array.isArray(value)) yield* elementsOf(value, document.contents, lines);
      else yield { value, line };
    }
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : notYaml(file, 1, messageOf(thrown));
  }
}

/** A list is a list of records. */
function* elementsOf(
  values: readonly unknown[],
  list: unknown,
  lines: Yaml.LineCounter,
): Generator<PlacedRecord> {
  const { isNode, isSeq } = parser();
  for (const [index, value] of values.entries()) {
    const item = isSeq(list) ? list.items[index] : undefined;
    yield { value, line: lines.linePos(isNode(item) ? (item.range?.[0] ?? 0) : 0).line };
  }
}

function notYaml({ path }: TextFile, line: number, why: string): UserError {
  return new UserError(
    'corpus-not-yaml',
    `${path}:${line} is not YAML that can be read: ${oneLine(why, 80)}; correct the file`,
  );
}
