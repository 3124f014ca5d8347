// Skills: each answers its examples and passes everything else, and arithmetic agrees with fractions of big integers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMessage } from '../message.js';
import { askSkills, skillNames, skills } from '../skills.js';
import { exampleMoment } from './skill.js';

function ask(text: string): string | null {
  const message = readMessage(text);
  return message && (askSkills(skillNames, message, exampleMoment)?.text ?? null);
}

for (const { name, examples } of skills)
  describe(name, () => {
    for (const [message, expected] of examples)
      it(`${expected === null ? 'passes' : 'answers'} ${message}`, () => {
        assert.equal(ask(message), expected);
      });
  });
