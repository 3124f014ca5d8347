import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UserError } from '../../../errors.js';
import { commandWords } from './command-words.js';

const words = (command: string) => commandWords(command, 'translateCommand');

for (const [command, expected] of [
  ['apertium eng-spa', ['apertium', 'eng-spa']],
  ['  apertium\t -u  eng-spa ', ['apertium', '-u', 'eng-spa']],
  [`'my program' "two words" three\\ words`, ['my program', 'two words', 'three words']],
  [`a "say \\"hi\\"" 'c:\\d' "c:\\d" ''`, ['a', 'say "hi"', 'c:\\d', 'c:\\d', '']],
  [`sh -c 'apertium eng-spa | cat'`, ['sh', '-c', 'apertium eng-spa | cat']],
  ['apertium {from}-{to} *', ['apertium', '{from}-{to}', '*']],
  [`pre'fix'"ed"`, ['prefixed']],
  ['apertium\neng-spa\n', ['apertium', 'eng-spa']],
] as const)
  it(`splits ${command}`, () => assert.deepEqual(words(command), expected));

for (const [command, reason] of [
  ['', /is empty/],
  ['  ', /is empty/],
  ["''", /is empty/],
  ["apertium 'eng-spa", /has no closing '/],
  ['apertium "eng-spa', /has no closing "/],
  ['apertium \\', /ends with a backslash/],
  ['apertium eng-spa | tee log', /has "\|", which only a shell understands/],
  ['apertium; rm -r x', /has ";"/],
  ['echo $HOME', /has "\$"/],
  ['echo "$(id)"', /has "\$"/],
  ['echo `id`', /has "`"/],
  ['a > b', /has ">"/],
] as const)
  it(`refuses ${JSON.stringify(command)}`, () => {
    assert.throws(
      () => words(command),
      (thrown) =>
        thrown instanceof UserError && thrown.code === 'option-invalid' && reason.test(thrown.message),
    );
  });
