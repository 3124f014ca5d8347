// Who speaks, from the names that corpora have for it.

import type { Role } from '../dialogue.js';

const roles: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
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

/** Whether a turn of this name is the assistant's call of a tool. */
export function isCall(name: unknown): boolean {
  return typeof name === 'string' && calls.includes(name.trim().toLowerCase());
}

/** The role that a name stands for; any other name is a speaker's own. */
export function speakerOf(name: unknown): { readonly role?: Role; readonly speaker?: string } {
  if (typeof name === 'number') return { speaker: String(name) };
  if (typeof name !== 'string' || name.trim() === '') return {};
  const known = name.trim().toLowerCase();
  if (isCall(known)) return { role: 'assistant' };
  const role = Object.hasOwn(roles, known) ? roles[known] : undefined;
  return role === undefined ? { speaker: name.trim() } : { role };
}
