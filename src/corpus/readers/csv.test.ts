import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { refusal } from '../../../test/refusal.js';
import { withFiles } from '../../../test/written-files.js';
import { readCorpus } from '../read-corpus.js';
import { summaryLines } from '../summary.js';

function read(content: string, name = 'a.csv', columns: readonly string[] = []) {
  return withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)], { columns });
    return {
      /** `speaker: text` for each turn, with `*` before what is learned. */
      dialogues: dialogues.map(({ turns }) =>
        turns.map(
          ({ text, role, speaker, supervised }) =>
            `${supervised ? '*' : ''}${role ?? speaker ?? '-'}: ${text}`,
        ),
      ),
      format: summary.files[0]?.format,
      skipped: summary.files[0]?.skipped,
      line: summaryLines(summary).join('\n').replaceAll(`${folder}/`, ''),
    };
  });
}

const refused = (content: string, columns: readonly string[] = [], fault: 'data' | 'usage' = 'data') =>
  withFiles({ 'a.csv': content }, (folder) =>
    refusal(fault, () => readCorpus([join(folder, 'a.csv')], { columns })).replaceAll(`${folder}/`, ''),
  );

const pair = [['*user: Open?', '*assistant: Yes, until six.']];

describe('a table of questions and answers', () => {
  it('is read in any dialect', () => {
    for (const content of [
      'question,answer\nOpen?,"Yes, until six."\n',
      '\ufeffQuestion;Answer\r\n"Open?";"Yes, until six."\r\n',
      'sep=;\nQuestion;Answer\nOpen?;Yes, until six.\n',
      'question|answer\nOpen?|Yes, until six.',
      'id\tquestion\tanswer\n1\tOpen?\tYes, until six.\n',
      'question,answer\rOpen?,"Yes, until six."\r',
      'question, answer\nOpen?, "Yes, until six."\n',
    ])
      assert.deepEqual(read(content).dialogues, pair, content);
  });

  it('is read under the names that its columns have', () => {
    for (const header of [
      'prompt,completion',
      'text,response',
      'Frage,Antwort',
      'вопрос,ответ',
      '问题,答案',
      'text,answer',
      'customer,agent',
    ])
      assert.deepEqual(read(`${header}\nOpen?,"Yes, until six."\n`).dialogues, pair, header);
    assert.deepEqual(read('instruction,input,output\nAdd.,1 and 2,3\nWho?,,Me\n').dialogues, [
      ['*user: Add.\n1 and 2', '*assistant: 3'],
      ['*user: Who?', '*assistant: Me'],
    ]);
  });

  it('needs no names for two columns of text', () => {
    assert.deepEqual(read('Open?,"Yes, until six."\nHi,Hello\n').dialogues, [
      ...pair,
      ['*user: Hi', '*assistant: Hello'],
    ]);
    assert.deepEqual(read('0,Open?,"Yes, until six."\n1,Hi,Hello\n').dialogues[1], [
      '*user: Hi',
      '*assistant: Hello',
    ]);
    assert.match(
      refused('Hi,Hello,Hey\nBye,So long,Ciao\n'),
      /^a\.csv has 3 columns of text, and its first line does not name them; add a first line such as "question,answer", or name them with --columns question=1,response=2$/,
    );
  });

  it('honours weights and labels, and reports the columns that it does not read', () => {
    const { dialogues, line } = read(
      'question,answer,label,weight,source\na,b,true,1,x\nc,d,0,,x\ne,f,,0,\n',
    );
    assert.deepEqual(dialogues, [
      ['*user: a', '*assistant: b'],
      ['*user: c', 'assistant: d'],
      ['user: e', 'assistant: f'],
    ]);
    assert.match(line, /1 reply marked as bad and not learned; .*fields not used: source/);
  });

  it('counts the rows that cannot be read, with their lines', () => {
    const content = 'question,answer\na,b\nc,d,e\n"open,f\ng,"h\nh"\ni\nj,k,\n';
    const { dialogues, skipped } = read(content);
    assert.deepEqual(
      dialogues.map((turns) => turns.join()),
      ['*user: a,*assistant: b', '*user: g,*assistant: h\nh', '*user: j,*assistant: k'],
    );
    assert.deepEqual(skipped, [
      { reason: 'a row with more cells than columns', count: 1, line: 3 },
      { reason: 'a quote is not closed', count: 1, line: 4 },
      { reason: 'fewer than two turns with text', count: 1, line: 7 },
    ]);
  });

  it('is refused if its columns are unknown, and without columns', () => {
    assert.match(
      refused('left_side,right_side\na,b\nc,d\n'),
      /^a\.csv:2: expected .*, found left_side and right_side/,
    );
    assert.match(refused('It was late.\nNobody came.\n'), /^a\.csv is in an unknown format/);
  });
});

describe('a table of replies with what was said before', () => {
  it('teaches each reply once, with the newest context last', () => {
    const { dialogues } = read('response,context,context/0,context/1\nd,c,b,a\ne,d,c,b\nb,a,,\n');
    assert.deepEqual(dialogues, [
      ['-: a', '-: b', '-: c', '*-: d'],
      ['-: b', '-: c', '-: d', '*-: e'],
      ['-: a', '*-: b'],
    ]);
  });
});

describe('a table of a spreadsheet', () => {
  it('can have a title above the names of its columns, which is counted', () => {
    const { dialogues, line } = read('Our FAQ;;\n;;\nQuestion;Answer;Place\nOpen?;Yes;Bonn\n');
    assert.deepEqual(dialogues, [['*user: Open?', '*assistant: Yes']]);
    assert.match(line, /2 records skipped: above the names of the columns \(first on line 1\)/);
  });

  it('says that the other of two columns with one name is not used', () => {
    const { dialogues, line } = read('question,answer,answer\nOpen?,Yes,No\nClosed?,No,Yes\n');
    assert.deepEqual(dialogues[0], ['*user: Open?', '*assistant: Yes']);
    assert.match(line, /fields not used: answer \(column 3\)$/);
  });
});

describe('a table of messages', () => {
  it('makes a dialogue of each conversation', () => {
    const content = `ticket_id,created_at,author_type,body
1,2024-05-06 10:00,user,"Is it open, today?"
2,2024-05-06 10:01,user,Hello?
1,2024-05-08 09:00,assistant,Until six.
2,2024-05-06 10:02,assistant,Hi!
`;
    const { dialogues, format } = read(content);
    assert.equal(format, 'message-rows');
    assert.deepEqual(dialogues, [
      ['*user: Is it open, today?', '*assistant: Until six.'],
      ['*user: Hello?', '*assistant: Hi!'],
    ]);
  });

  it('of a helpdesk has no private notes, no quoted mail, and the roles of its authors', () => {
    const content = `Ticket ID,Created At,Author,Author Type,Public,Message
1,2024-03-01 09:00,Mia,customer,true,"<p>Where is it?</p>"
1,2024-03-01 09:10,Tom,agent,false,She lives at the old address
1,2024-03-01 09:12,Tom,agent,true,"It arrives today.
-- 
ACME Support
On Fri, Mar 1, 2024 at 9:00 AM Mia wrote:
> Where is it?"
`;
    const { dialogues, line } = read(content);
    assert.deepEqual(dialogues, [['*user: Where is it?', '*assistant: It arrives today.']]);
    assert.match(line, /1 record skipped: a private note \(line 3\)/);
    assert.match(line, /quoted mail or the signature cut off from 1 message$/);
  });

  for (const [column, value] of [
    ['public', '0'],
    ['Is Private', 'Yes'],
    ['internal', 'TRUE'],
    ['message_type', 'note'],
    ['Type', 'Internal note'],
  ])
    it(`has a private note where ${column} is ${value}`, () => {
      const rows = ['a,Where?,', 'b,rude,VALUE', 'b,Here.,'].map((row) => row.replace('VALUE', value ?? ''));
      const { dialogues } = read(
        ['author,message,COLUMN'.replace('COLUMN', column ?? ''), ...rows].join('\n'),
      );
      assert.deepEqual(
        dialogues.flat().filter((text) => text.includes('rude')),
        [],
      );
      assert.equal(dialogues.length, 1);
    });

  it('reads EmpatheticDialogues, whose commas are words and whose quotes are text', () => {
    const rows = [
      'conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags',
      'hit:0_conv:1,1,sad,I lost it,1,I lost it_comma_ again,5|5|5_2|2|5,',
      'hit:0_conv:1,2,sad,I lost it,0,"Oh no,5|5|5_2|2|5,',
      'hit:0_conv:2,1,glad,She came,3,She said "yes",5|5|5_2|2|5,',
      'hit:0_conv:2,2,glad,She came,4,Really?,5|5|5_2|2|5,',
    ];
    const { dialogues, line } = read(rows.join('\n'));
    assert.deepEqual(dialogues, [
      ['*1: I lost it, again', '*0: "Oh no'],
      ['*3: She said "yes"', '*4: Really?'],
    ]);
    assert.match(line, /fields not used: utterance_idx, context, prompt and selfeval$/);
  });
});

describe('--columns', () => {
  const table = 'No,Says,Hears,Answer\n1,Hello,Hi,x\n2,Bye,Ciao,x\n';

  it('says what columns mean, by name or number', () => {
    const dialogues = [
      ['*user: Hi', '*assistant: Hello'],
      ['*user: Ciao', '*assistant: Bye'],
    ];
    for (const columns of [['question=Hears,response=Says'], ['text=hears', 'answer=2']])
      assert.deepEqual(read(table, 'a.csv', columns).dialogues, dialogues);
    const unnamed = table.slice(table.indexOf('\n') + 1);
    assert.deepEqual(read(unnamed, 'a.csv', ['question=3,answer=2']).dialogues, dialogues);
  });

  it('is refused if it makes no sense', () => {
    assert.match(
      refused(table, ['question=Asks,response=Says'], 'usage'),
      /^--columns names the column "Asks", which a\.csv does not have; its first row is No, Says, Hears and Answer$/,
    );
    assert.match(
      refused(table, ['qestion=Hears'], 'usage'),
      /not "qestion=Hears"; .*; did you mean question\?$/,
    );
    assert.match(refused(table, ['answer=1,response=2'], 'usage'), /names two columns for answer; name one$/);
  });
});

it('a table whose columns have unknown names is refused, and the message says how to name them', () => {
  withFiles({ 'a.csv': 'id,topic\n1,soup\n2,tea\n' }, (folder) =>
    assert.match(
      refusal('data', () => readCorpus([join(folder, 'a.csv')])),
      /found id and topic; say what the columns mean, for example .*columns.*question=1,response=2/,
    ),
  );
});
