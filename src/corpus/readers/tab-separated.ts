// Decides what the columns of a tab-separated file hold. Two columns are not always a question and an answer: the first can
// hold line numbers, speakers or field names, and the first line can hold the names of the columns.

/** `pairs`: the lines are source<TAB>target, and the first line can be a header. */
export type TabSeparated =
  | { readonly kind: 'pairs' }
  | { readonly kind: 'other' /** Completes "its lines are ...". */; readonly what: string };

const questionNames = [
  'question',
  'q',
  'query',
  'text',
  'source',
  'src',
  'context',
  'input',
  'prompt',
  'message',
  'user',
];
const answerNames = [
  'answer',
  'a',
  'response',
  'reply',
  'target',
  'tgt',
  'output',
  'completion',
  'bot',
  'assistant',
];
const otherNames = [
  ...[
    'id',
    'index',
    'idx',
    'no',
    'number',
    'line',
    'label',
    'name',
    'speaker',
    'character',
    'author',
    'sender',
  ],
  ...[
    'date',
    'time',
    'timestamp',
    'utterance',
    'sentence',
    'dialogue',
    'dialog',
    'conversation',
    'role',
    'content',
  ],
  ...['category', 'intent', 'title', 'comment', 'instruction', 'from', 'value', 'rating', 'score'],
];
const roleNames = [
  ...[
    'user',
    'bot',
    'assistant',
    'human',
    'ai',
    'agent',
    'customer',
    'operator',
    'system',
    'chatbot',
    'client',
  ],
  ...['patient', 'doctor', 'teacher', 'student', 'me', 'you', 'speaker1', 'speaker2', 'a', 'b', 'q'],
];

const mostLines = 1000;

/** Whether a line is a header that names a question column and then an answer column. */
export function isHeader(line: string): boolean {
  const [first = '', second = '', ...more] = cellsOf(line).map(nameOf);
  return more.length === 0 && questionNames.includes(first) && answerNames.includes(second);
}

/** @param beginning whole lines from the start of the file. */
export function tabSeparatedKind(beginning: string): TabSeparated {
  const lines = beginning.split('\n').filter((line) => line.trim() !== '');
  const [head = ''] = lines;
  const what =
    parlAi(head) ??
    columnNames(head) ??
    counted(lines) ??
    speakers(lines.slice(0, mostLines).map((line) => cellsOf(line)));
  return what === undefined ? { kind: 'pairs' } : { kind: 'other', what };
}

function cellsOf(line: string): string[] {
  return line.replace(/\r$/, '').split('\t');
}

function nameOf(cell: string): string {
  return cell
    .trim()
    .replace(/^["']|["']$/g, '')
    .toLowerCase();
}

function parlAi(line: string): string | undefined {
  return cellsOf(line).every((cell) => /^\w+:/.test(cell)) && /(?:^|\t)text:/.test(line)
    ? 'ParlAI fields (text:...<TAB>labels:...)'
    : undefined;
}

/** An empty first cell counts as a name, because pandas leaves the header of its index empty. */
function columnNames(line: string): string | undefined {
  const names = cellsOf(line).map(nameOf);
  const known = [...questionNames, ...answerNames, ...otherNames];
  if (isHeader(line) || names.length < 2) return undefined;
  const areNames = names.every((name, index) => known.includes(name) || (index === 0 && name === ''));
  return areNames && names.some((name) => name !== '')
    ? `rows of a table with the columns ${names.filter((name) => name !== '').join(', ')}`
    : undefined;
}

/** Detects numbered lines (`1 hello<TAB>hi`), as in bAbI and Persona-Chat, and an index in the first column. */
function counted(lines: readonly string[]): string | undefined {
  const rows = isHeader(lines[0] ?? '') ? lines.slice(1) : lines;
  const numbers = rows.slice(0, mostLines).map((line) => /^(\d+)([ \t])/.exec(line));
  if (numbers.length < 2 || numbers.some((found) => !found)) return undefined;
  const follows = numbers.every((found, index) => {
    const number = Number(found?.[1]);
    const before = index === 0 ? undefined : Number(numbers[index - 1]?.[1]);
    return before === undefined ? number <= 1 : number === before + 1 || number <= 1;
  });
  if (!follows) return undefined;
  return numbers.every((found) => found?.[2] === '\t')
    ? 'rows of a table whose first column is an index'
    : 'numbered (1 ..., 2 ...), as in bAbI and Persona-Chat';
}

/** Detects a first column with a few short names that repeat. */
function speakers(all: readonly (readonly string[])[]): string | undefined {
  // A damaged line must not turn the names of the others into questions.
  const rows = all.filter((cells) => cells.length === 2);
  if (rows.length < 0.8 * all.length) return undefined;
  const names = rows.map(([name = '']) => name.trim());
  const different = new Set(names);
  const spoken = new Set(rows.map(([, line = '']) => line.trim()));
  const areRoles = names.every((name) => roleNames.includes(nameOf(name.replace(/:$/, ''))));
  const areNames = names.every((name) =>
    /^[^\s?!.,;。？！，]{1,30}(?: [^\s?!.,;。？！，]{1,20}){0,2}$/u.test(name),
  );
  const isTalk = different.size <= 20 && spoken.size > different.size;
  const alternate = names.every((name, index) => index === 0 || name !== names[index - 1]);
  const repeat =
    (rows.length >= 4 && different.size <= rows.length / 2) ||
    (rows.length >= 3 && different.size === 2 && alternate);
  if ((areRoles && rows.length >= 2) || (areNames && isTalk && repeat))
    return 'a speaker and a line (name<TAB>line)';
  return undefined;
}
