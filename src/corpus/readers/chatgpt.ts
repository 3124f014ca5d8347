// Reads conversations.json of a ChatGPT account. A conversation is a tree; the branch that was open last is read, because
// the other branches are replies that were generated again, unless all are asked for. Only what the user and the assistant
// said to each other stays.

import { type Fields, isRecord } from '../../objects.js';
import type { SingleRecordReader } from '../reader.js';
import { timeOf } from './chat-time.js';
import { messagePaths } from './message-paths.js';
import { type RawDialogue, type RawTurn, RecordError } from './record.js';

const fields: ReadonlySet<string> = new Set([
  ...['title', 'create_time', 'update_time', 'mapping', 'current_node', 'id', 'conversation_id'],
]);

export const chatgpt: SingleRecordReader = {
  format: 'chatgpt',
  about: 'conversations.json of a ChatGPT account',
  example: {
    'conversations.json': `[{"title": "t", "current_node": "b", "mapping": {
  "r": {"id": "r", "message": null, "parent": null, "children": ["a"]},
  "a": {"id": "a", "parent": "r", "children": ["b"], "message": {"author": {"role": "user"}, "recipient": "all", "content": {"content_type": "text", "parts": ["Hi!"]}}},
  "b": {"id": "b", "parent": "a", "children": [], "message": {"author": {"role": "assistant"}, "recipient": "all", "content": {"content_type": "text", "parts": ["Hello!"]}}}
}}]
`,
  },
  expects: 'mapping',
  fields: () => fields,
  matches: ({ mapping }) => isRecord(mapping) && Object.values(mapping).every((node) => isRecord(node)),
  *read(conversation, { source, options, tally }) {
    if (options.branches === 'all') {
      yield* allBranches(conversation, source);
      return;
    }
    const branch = branchOf(conversation);
    const turns = branch.flatMap(turnOf);
    tally.count('otherReply', repliesBeside(branch, conversation));
    if (turns.length > 0) yield { turns, source };
  },
};

/** The branch that was open last comes first, so that it is learned whole. */
function* allBranches(conversation: Fields, source: string): Generator<RawDialogue> {
  const current = new Set(branchOf(conversation));
  const nodes = new Map(Object.entries(conversation.mapping as Record<string, Fields>));
  const replies = new Map<unknown, Fields[]>();
  const roots: Fields[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(String(node.parent));
    const others = parent && replies.get(parent);
    if (others) others.push(node);
    else if (parent) replies.set(parent, [node]);
    else roots.push(node);
  }
  const repliesOf = (node: Fields) =>
    (replies.get(node) ?? []).toSorted((one, other) => Number(current.has(other)) - Number(current.has(one)));
  for (const root of roots)
    for (const { messages, repeated } of messagePaths(root, repliesOf, 'all')) {
      const turns = messages.flatMap((node, index) =>
        turnOf(node).map((turn) => (index < repeated ? { ...turn, supervised: false } : turn)),
      );
      if (turns.length > 0) yield { turns, source };
    }
}

/** The number of the assistant's messages in other branches. */
function repliesBeside(branch: readonly Fields[], { mapping }: Fields): number {
  const read = new Set(branch);
  return Object.values(mapping as Record<string, Fields>).filter(
    (node) => !read.has(node) && turnOf(node).some(({ role }) => role === 'assistant'),
  ).length;
}

/** The nodes from the root to the current one. */
function branchOf({ mapping, current_node: current }: Fields): Fields[] {
  const nodes = new Map(Object.entries(mapping as Record<string, Fields>));
  const branch: Fields[] = [];
  const visited = new Set<unknown>();
  let id: unknown = typeof current === 'string' && nodes.has(current) ? current : newestLeaf(nodes);
  while (typeof id === 'string' && nodes.has(id)) {
    if (visited.has(id)) throw new RecordError('content', 'a tree of messages has a cycle');
    visited.add(id);
    const node = nodes.get(id) ?? {};
    branch.push(node);
    id = node.parent;
  }
  return branch.reverse();
}

function newestLeaf(nodes: ReadonlyMap<string, Fields>): string | undefined {
  let newest: { readonly id: string; readonly time: number } | undefined;
  for (const [id, { children, message }] of nodes) {
    if (Array.isArray(children) && children.length > 0) continue;
    const time = (isRecord(message) ? timeOf(message.create_time) : null) ?? 0;
    if (newest === undefined || time >= newest.time) newest = { id, time };
  }
  return newest?.id;
}

function turnOf({ message }: Fields): RawTurn[] {
  if (!isRecord(message) || !isRecord(message.author) || !isRecord(message.content)) return [];
  const { role } = message.author;
  const isHidden =
    isRecord(message.metadata) && message.metadata.is_visually_hidden_from_conversation === true;
  const isSaid = (role === 'user' || role === 'assistant') && (message.recipient ?? 'all') === 'all';
  const { content_type: type, parts } = message.content;
  if (!isSaid || isHidden || (type !== 'text' && type !== 'multimodal_text') || !Array.isArray(parts))
    return [];
  const texts = parts.map(wordsOf);
  // What answers a picture is not learned, so its message counts as one without text.
  const text = texts.every((words) => words !== undefined) ? withoutCitations(texts.join('\n')) : null;
  const time = timeOf(message.create_time);
  return [{ text, supervised: true, role, ...(time !== null && { time }) }];
}

/** A text, or what was said in a recording. Undefined for a picture or a file. */
function wordsOf(part: unknown): string | undefined {
  if (typeof part === 'string') return part;
  return isRecord(part) && typeof part.text === 'string' ? part.text : undefined;
}

/** Citations are marks in the private use area around their data, or brackets with a dagger. */
function withoutCitations(text: string): string {
  return text
    .replace(/\ue200[^\ue200\ue201]*\ue201/g, '')
    .replace(/[\ue200-\ue2ff]/g, '')
    .replace(/【\d{1,4}(?::\d{1,4})?†[^】]{0,200}】/g, '');
}
