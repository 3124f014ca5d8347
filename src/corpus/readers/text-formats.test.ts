// The readers of text files other than tables and chats.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refusal } from '../../../test/refusal.js';
import { withFiles } from '../../../test/written-files.js';
import { readCorpus } from '../read-corpus.js';
import { summaryLines } from '../summary.js';

/** The dialogues of a file: `role: text` for each turn, and its summary without the name. */
const read = (content: string, name = 'a.txt') =>
  withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)]);
    const [line = ''] = summaryLines(summary);
    return {
      talk: dialogues.map(({ turns }) =>
        turns.map(({ text, role, speaker }) => `${role ?? speaker ?? '-'}: ${text}`),
      ),
      lines: dialogues.map(({ source }) => Number(source.split(':').at(-1))),
      persona: dialogues.map(({ persona }) => persona),
      said: line.slice(line.indexOf(': ') + 2),
    };
  });

describe('numbered lines', () => {
  it('lose their numbers, and end a dialogue where the numbers start again or at a blank line', () => {
    const { talk, lines } = read('1 hi\thello\n2 a table\tfor two\n1 good day\twelcome\n\n2 bye\tgoodbye\n');
    assert.deepEqual(talk, [
      ['-: hi', '-: hello', '-: a table', '-: for two'],
      ['-: good day', '-: welcome'],
      ['-: bye', '-: goodbye'],
    ]);
    assert.deepEqual(lines, [1, 3, 5]);
  });

  it('keep personas beside the dialogue, and silence is no text', () => {
    const { talk, persona, said } = read(
      "1 your persona: i like tea.\n2 partner's persona: i like rain.\n3 hello\thi !\t\tno.|hi !\n4 <SILENCE>\tstill there ?\n",
    );
    assert.deepEqual(talk, [['-: hello', '-: hi !', '-: still there ?']]);
    assert.deepEqual(persona, [['your persona: i like tea.', "partner's persona: i like rain."]]);
    assert.match(said, /2 persona lines kept beside the dialogues and not learned/);
    assert.match(said, /fields not used: candidates/);
  });
});

describe('ParlAI lines', () => {
  it('make a dialogue up to episode_done, and the first label is the reply', () => {
    assert.deepEqual(
      read(
        'text:hello\\nthere\tlabels:hi|hey\tid:a\ntext:bye\tlabels:see you\tepisode_done:True\ntext:a\tlabels:b\treward:1\n',
      ).talk,
      [
        ['-: hello\nthere', '-: hi', '-: bye', '-: see you'],
        ['-: a', '-: b'],
      ],
    );
  });
});

describe('lines with several turns', () => {
  it('are split at tabs if the number of turns differs', () => {
    assert.deepEqual(read('Lunch?\tSoup.\tWhich?\tTomato.\nHi\tHello\n').talk, [
      ['-: Lunch?', '-: Soup.', '-: Which?', '-: Tomato.'],
      ['-: Hi', '-: Hello'],
    ]);
  });

  it('are split at the markers of DailyDialog and Ubuntu', () => {
    assert.deepEqual(
      read('Good morning . __eou__ A ticket , please . __eou__\nHello . __eou__ Hi ! __eou__ Bye\n').talk,
      [
        ['-: Good morning .', '-: A ticket , please .'],
        ['-: Hello .', '-: Hi !', '-: Bye'],
      ],
    );
    assert.deepEqual(read('hi __eou__ anyone ? __eou__ __eot__ yes __eou__ __eot__\n').talk, [
      ['-: hi\nanyone ?', '-: yes'],
    ]);
  });
});

describe('lines with names', () => {
  it('are the turns of whoever is named, and a blank line ends a dialogue', () => {
    const { talk, lines } = read(
      'Ann: Hi: you?\nBen: Yes.\nand you\nAnn Lee: Soup?\n\nBen: No.\nAnn: Why?\nBen: So.\nAnn Lee: Oh.\n',
    );
    assert.deepEqual(talk, [
      ['Ann: Hi: you?', 'Ben: Yes.\nand you', 'Ann Lee: Soup?'],
      ['Ben: No.', 'Ann: Why?', 'Ben: So.', 'Ann Lee: Oh.'],
    ]);
    assert.deepEqual(lines, [1, 6]);
  });

  it('are one dialogue if blank lines stand between them', () => {
    assert.deepEqual(read('小明：在吗？\n\n小红：在的\n\n小明：吃了吗\n\n小红：吃了\n').talk, [
      ['小明: 在吗？', '小红: 在的', '小明: 吃了吗', '小红: 吃了'],
    ]);
  });

  it('are not logs, settings, mail or prose', () => {
    for (const text of [
      'INFO: started\nWARN: slow\nINFO: done\nWARN: slow\n',
      'name: x\nversion: 1\nlicence: free\nauthor: me\n',
      'From: ann\nTo: ben\nSubject: hi\n\nHello there.\nBye.\n',
      'There was one thing: rain.\nNobody came.\nThere was one thing: snow.\nIt fell.\n',
    ])
      withFiles({ 'a.txt': text }, (folder) =>
        assert.match(
          refusal('data', () => readCorpus([join(folder, 'a.txt')])),
          /unknown format/,
        ),
      );
  });
});

describe('labelled lines', () => {
  it('can have headings, which are no part of an answer, and are counted', () => {
    const { talk, said } = read(
      'Our FAQ\n\nQ: Open?\nA: Yes.\n\n# Orders\n\nQ: Fast?\nA: Very.\n# 1 in Bonn\n',
    );
    assert.deepEqual(talk, [
      ['user: Open?', 'assistant: Yes.'],
      ['user: Fast?', 'assistant: Very.\n# 1 in Bonn'],
    ]);
    assert.match(said, /2 records skipped: a heading or another line without a label \(first on line 1\)/);
  });

  it('are separate pairs without separators, and one dialogue between separators', () => {
    assert.deepEqual(read('Q: a?\nA: b\nQ: c?\nA: d\ne\n').talk, [
      ['user: a?', 'assistant: b'],
      ['user: c?', 'assistant: d\ne'],
    ]);
    assert.deepEqual(read('Q: a?\nA: b\nQ: c?\nA: d\n===\nQ: e?\nA: f\n').talk, [
      ['user: a?', 'assistant: b', 'user: c?', 'assistant: d'],
      ['user: e?', 'assistant: f'],
    ]);
  });

  it('are recognized in other words and languages', () => {
    assert.deepEqual(read('User: hi\nBot: hello\nUser: bye\nBot: see you\n').talk, [
      ['user: hi', 'assistant: hello', 'user: bye', 'assistant: see you'],
    ]);
    assert.deepEqual(read('问：几点开门？\n答：九点。\n').talk, [['user: 几点开门？', 'assistant: 九点。']]);
    assert.deepEqual(read('**Question 1:** a?\n**Answer:** b\n').talk, [['user: a?', 'assistant: b']]);
  });

  it('keep a blank line within an answer', () => {
    assert.deepEqual(read('Q: a?\nA: b\n\nc\n\nQ: d?\nA: e\n').talk, [
      ['user: a?', 'assistant: b\nc'],
      ['user: d?', 'assistant: e'],
    ]);
  });
});

describe('E and M blocks', () => {
  it('are dialogues, without the word boundaries of Chinese', () => {
    const { talk, said } = read('E\nM 你 好\nM 你/好/呀\nE\nM ok fine\nM yes\nx\n', 'chats.conv');
    assert.deepEqual(talk, [
      ['-: 你好', '-: 你好呀'],
      ['-: ok fine', '-: yes'],
    ]);
    assert.match(said, /1 record skipped: a line that begins with neither E nor M \(line 7\)/);
  });
});

describe('lines that begin with a speaker', () => {
  it('keep the speaker, and end a dialogue at a blank line', () => {
    assert.deepEqual(read('user\tAre you up?\nbot\tYes\n\nuser\tSoup?\nbot\tTomato.\n').talk, [
      ['user: Are you up?', 'assistant: Yes'],
      ['user: Soup?', 'assistant: Tomato.'],
    ]);
    assert.deepEqual(read('Ann\tup?\nBen\tYes\nBen\tand you?\nAnn\tsoup?\nBen\tTomato\nAnn\tbye\n').talk, [
      ['Ann: up?', 'Ben: Yes\nand you?', 'Ann: soup?', 'Ben: Tomato', 'Ann: bye'],
    ]);
  });
});

describe('YAML', () => {
  it('is read as records, and every scalar is text', () => {
    assert.deepEqual(read('conversations:\n- - Is it 3?\n  - yes\n- - a\n  - 42\n  - null\n', 'a.yml').talk, [
      ['-: Is it 3?', '-: yes'],
      ['-: a', '-: 42', '-: null'],
    ]);
    assert.deepEqual(read('- text: a\n  response: b\n- text: c\n  response: d\n', 'a.yaml').talk, [
      ['user: a', 'assistant: b'],
      ['user: c', 'assistant: d'],
    ]);
  });

  it('that is broken, or expands without end, is refused with the line', () => {
    const refused = (content: string) =>
      withFiles({ 'a.yml': content }, (folder) =>
        refusal('data', () => readCorpus([join(folder, 'a.yml')])).replaceAll(`${folder}/`, ''),
      );
    assert.match(refused('conversations:\n- - "a\n  - b\n'), /^a\.yml:\d+ is not YAML that can be read/);
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe'].map((pair) => [...pair]))
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]`);
    assert.match(refused(bomb.join('\n')), /^a\.yml:1 is not YAML that can be read/);
    assert.match(refused(`a: ${'['.repeat(20_000)}`), /^a\.yml:\d+ is not YAML that can be read/);
  });
});
