// Reads instructions from a separate field beside the conversation.

import type { Fields } from '../../objects.js';
import { neededText, type RawTurn } from './record.js';

export const systemFields: readonly string[] = ['system', 'system_prompt'];

export function systemTurns(record: Fields): RawTurn[] {
  return systemFields
    .filter((field) => Object.hasOwn(record, field) && record[field] !== null)
    .map((field) => ({ text: neededText(record, field), supervised: false, role: 'system' as const }))
    .filter(({ text }) => text.trim() !== '');
}
