// Maps the names that corpora use for speakers to roles.

import type { Role } from '../dialogue.js';

const roles: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  customer: 'user',
  client: 'user',
  requester: 'user',
  'end-user': 'user',
  end_user: 'user',
  visitor: 'user',
  prompter: 'user',
  assistant: 'assistant',
  agent: 'assistant',
  operator: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  chatbot: 'assistant',
  model: 'assistant',
  ai: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  tool_response: 'tool',
};

const calls: readonly string[] = ['function_call', 'tool_call'];

/** Whether a turn with this role name is a tool call by the assistant. */
export function isCall(name: unknown): boolean {
  return typeof name === 'string' && calls.includes(name.trim().toLowerCase());
}

/** The role for a known name. Any other name is taken as the name of a speaker. */
export function speakerOf(name: unknown): { readonly role?: Role; readonly speaker?: string } {
  if (typeof name === 'number') return { speaker: String(name) };
  if (typeof name !== 'string' || name.trim() === '') return {};
  const known = name.trim().toLowerCase();
  if (isCall(known)) return { role: 'assistant' };
  const role = Object.hasOwn(roles, known) ? roles[known] : undefined;
  return role === undefined ? { speaker: name.trim() } : { role };
}
