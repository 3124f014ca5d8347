// The skills of a bot: what it works out instead of looking it up. A skill answers only when it is sure that the message asks
// for it. To add one, write a file in skills/ and a line here.

import type { Moment } from './calendar.js';
import type { Message } from './message.js';
import { clock } from './skills/clock.js';
import { math } from './skills/math.js';
import type { Skill } from './skills/skill.js';
import { units } from './skills/units.js';

/** In the order in which they are asked. */
export const skills = [math, units, clock] as const satisfies readonly Skill[];

export type SkillName = (typeof skills)[number]['name'];

export const skillNames: readonly SkillName[] = skills.map(({ name }) => name);

/** The first skill of these that has an answer. */
export function askSkills(
  names: readonly SkillName[],
  message: Message,
  moment: Moment,
): { readonly name: SkillName; readonly text: string } | null {
  for (const { name, answer } of skills) {
    const text = names.includes(name) ? answer(message, moment) : null;
    if (text !== null) return { name, text };
  }
  return null;
}
