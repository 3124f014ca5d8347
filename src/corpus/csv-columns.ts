// What the columns of a table mean, by their names, and what a row of a table with such columns is.

import { privacyNames } from './private-notes.js';

export type ColumnMeaning =
  | 'question'
  | 'answer'
  /** What goes on the line after the question. */
  | 'input'
  | 'system'
  /** One message of a conversation. */
  | 'message'
  | 'conversation'
  | 'author'
  /** Whether the author is a customer or an agent. */
  | 'role'
  | 'time'
  /** Whether a message is a note that only agents see. */
  | 'privacy'
  /** The place of a message in its conversation. */
  | 'order'
  /** Known, but of no use. */
  | 'other';

/** A name can have several meanings; the table that it stands in decides. */
const names: Readonly<Record<ColumnMeaning, readonly string[]>> = {
  question: [
    ...['question', 'questions', 'q', 'query', 'prompt', 'instruction', 'text', 'source', 'src', 'input'],
    ...['context', 'user', 'human', 'customer', 'patient', 'ask', 'request', 'frage', 'pregunta', 'domanda'],
    ...['pergunta', 'вопрос', '问题', '問題', '提问', '问', '問', '質問', '질문', '用户', '用戶'],
  ],
  answer: [
    ...['answer', 'answers', 'a', 'response', 'reply', 'target', 'tgt', 'output', 'completion', 'bot'],
    ...['assistant', 'agent', 'doctor', 'chatbot', 'antwort', 'respuesta', 'réponse', 'reponse', 'risposta'],
    ...['resposta', 'ответ', '答案', '回答', '回复', '回覆', '答', '답변', '대답', '机器人', '機器人'],
  ],
  input: ['input', 'context'],
  system: ['system', 'system_prompt'],
  message: [
    ...['message', 'message_body', 'body', 'text', 'content', 'utterance', 'sentence', 'msg', 'line'],
    ...[
      'comment',
      'strcontent',
      'nachricht',
      'mensaje',
      '内容',
      '內容',
      '消息',
      '訊息',
      'メッセージ',
      '메시지',
    ],
  ],
  conversation: [
    ...[
      'conversation',
      'conversation_id',
      'conv_id',
      'conv',
      'dialogue',
      'dialogue_id',
      'dialog',
      'dialog_id',
    ],
    ...['thread', 'thread_id', 'ticket', 'ticket_id', 'chat', 'chat_id', 'session', 'session_id'],
    ...['unterhaltung', '会话', '會話', '对话', '對話'],
  ],
  author: [
    ...[
      'author',
      'speaker',
      'speaker_idx',
      'speaker_id',
      'sender',
      'sender_name',
      'from',
      'role',
      'name',
      'user',
    ],
    ...['author_type', 'message_author_type', 'username', 'nickname', 'character', 'absender', 'autor'],
    ...['发送者', '發送者', '说话人', '說話人', '作者'],
  ],
  role: [
    ...['role', 'author_role', 'author_type', 'message_author_type', 'sender_type', 'sender_role'],
    ...['user_type', 'from_type'],
  ],
  privacy: privacyNames,
  time: [
    ...['time', 'date', 'datetime', 'timestamp', 'created_at', 'message_created_at', 'created', 'sent_at'],
    ...['createtime', 'datum', 'zeit', 'fecha', '时间', '時間', '日期'],
  ],
  order: [
    'utterance_idx',
    'turn',
    'turn_id',
    'turn_idx',
    'turn_number',
    'position',
    'order',
    'seq',
    'sequence',
  ],
  other: [
    ...[
      'id',
      'index',
      'idx',
      'no',
      'number',
      'label',
      'category',
      'intent',
      'title',
      'rating',
      'score',
      'tags',
    ],
    ...[
      'selfeval',
      'value',
      'language',
      'lang',
      'type',
      'status',
      'attachments',
      'reactions',
      'authorid',
      'topic',
    ],
  ],
};

const meanings: ReadonlyMap<string, ReadonlySet<ColumnMeaning>> = byName();

function byName(): Map<string, Set<ColumnMeaning>> {
  const found = new Map<string, Set<ColumnMeaning>>();
  for (const meaning of Object.keys(names) as ColumnMeaning[])
    for (const name of names[meaning]) found.set(name, (found.get(name) ?? new Set()).add(meaning));
  return found;
}

/** A name as the table has it: in lower case, with `_` between its words. */
export function columnName(cell: string): string {
  return cell
    .trim()
    .toLowerCase()
    .replace(/[\s._-]+/g, '_');
}

/** Empty for an unknown name. */
export function meaningsOf(cell: string): ReadonlySet<ColumnMeaning> {
  return meanings.get(columnName(cell)) ?? new Set();
}

export function isColumnName(cell: string): boolean {
  return meanings.has(columnName(cell));
}

/** A row is a question with its answer, a reply with what was said before, or one message of a conversation. */
export type Columns =
  | {
      readonly kind: 'pair';
      readonly question: string;
      readonly answer: string;
      readonly more: readonly string[];
    }
  | {
      readonly kind: 'reply';
      readonly reply: string /** From the oldest. */;
      readonly before: readonly string[];
    }
  | {
      readonly kind: 'message';
      readonly message: string;
      readonly author: string;
      readonly role?: string;
      readonly conversation?: string;
      readonly time?: string;
      readonly privacy: readonly string[];
    };

/** @returns null if the names do not say what a row is. */
export function columnsOf(given: readonly string[]): Columns | null {
  return replyColumns(given) ?? pairColumns(given) ?? messageColumns(given);
}

/** `response,context,context/0,context/1,...`, as tutorials for DialoGPT make it: the context that comes first is the newest. */
function replyColumns(given: readonly string[]): Columns | null {
  const reply = given.find((name) => columnName(name) === 'response');
  const numbered = given.filter((name) => /^context(?:[_/]?\d+)?$/.test(columnName(name)));
  const others = given.filter((name) =>
    ['question', 'instruction', 'text', 'prompt'].includes(columnName(name)),
  );
  if (reply === undefined || numbered.length === 0 || others.length > 0) return null;
  const age = (name: string) => Number(/\d{1,9}$/.exec(name)?.[0] ?? -1);
  return { kind: 'reply', reply, before: numbered.toSorted((one, other) => age(other) - age(one)) };
}

function pairColumns(given: readonly string[]): Columns | null {
  const answer = first(given, 'answer');
  const question = first(
    given.filter((name) => name !== answer),
    'question',
  );
  if (answer === undefined || question === undefined) return null;
  const more = given.filter(
    (name) => name !== question && name !== answer && meaningsOf(name).has('input') && name !== 'text',
  );
  return { kind: 'pair', question, answer, more };
}

function messageColumns(given: readonly string[]): Columns | null {
  const message = first(given, 'message');
  const author = first(
    given.filter((name) => name !== message),
    'author',
  );
  if (message === undefined || author === undefined) return null;
  const role = first(
    given.filter((name) => name !== author),
    'role',
  );
  const conversation = first(given, 'conversation');
  const time = first(given, 'time');
  return {
    kind: 'message',
    message,
    author,
    privacy: given.filter((name) => name !== message && meaningsOf(name).has('privacy')),
    ...(role !== undefined && { role }),
    ...(conversation !== undefined && { conversation }),
    ...(time !== undefined && { time }),
  };
}

/** The column whose name comes first in the table above. */
function first(given: readonly string[], meaning: ColumnMeaning): string | undefined {
  for (const name of names[meaning]) {
    const column = given.find((one) => columnName(one) === name);
    if (column !== undefined) return column;
  }
  return undefined;
}
