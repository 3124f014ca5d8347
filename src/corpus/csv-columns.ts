// What the columns of a table mean, by their names. Data alone: readers decide which columns a table needs.

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
  | 'time'
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
