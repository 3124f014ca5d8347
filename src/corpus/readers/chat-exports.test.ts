// The text exports of messengers, from the file to the dialogues.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFiles } from '../../../test/written-files.js';
import { zipArchive } from '../../../test/zip-archive.js';
import { OpenCorpora } from '../../train/corpora.js';
import { readCorpus } from '../read-corpus.js';
import { summaryLines } from '../summary.js';

/** The dialogues of one file, each turn as `Ann: text`; one that is only context in brackets. */
function dialoguesOf(name: string, content: string | Uint8Array, format: string): string[][] {
  return withFiles({ [name]: content }, (folder) => {
    const { dialogues, summary } = readCorpus([join(folder, name)]);
    assert.deepEqual(
      summary.files.map((file) => file.format),
      [format],
    );
    return dialogues.map(({ turns }) =>
      turns.map(({ speaker, text, supervised }) =>
        supervised ? `${speaker}: ${text}` : `[${speaker}: ${text}]`,
      ),
    );
  });
}

function notesOf(name: string, content: string | Uint8Array): string {
  return withFiles({ [name]: content }, (folder) =>
    summaryLines(readCorpus([join(folder, name)]).summary)
      .join('\n')
      .replaceAll(`${folder}/`, ''),
  );
}

const export1 = [
  '[12.05.24, 09:15:01] Eva: \u200eMessages and calls are end-to-end encrypted.',
  '[12.05.24, 09:16:22] Eva: Awake?',
  '[12.05.24, 09:17:00] Tom: Yes',
  'you too?',
  '[12.05.24, 09:17:30] Eva: \u200eimage omitted',
  '[12.05.24, 09:18:00] Tom: Wow',
  '[12.05.24, 12:00:00] Tom: Lunch?',
  '[12.05.24, 12:01:00] Eva: Sure',
].join('\r\n');

describe('WhatsApp', () => {
  it('is read from the archive that the phone makes', () => {
    const archive = zipArchive({ '_chat.txt': export1, '00000001-PHOTO.jpg': Buffer.from([0xff, 0xd8, 0]) });
    assert.deepEqual(dialoguesOf('WhatsApp Chat - Eva.zip', archive, 'whatsapp'), [
      ['Eva: Awake?', 'Tom: Yes\nyou too?'],
      ['Tom: Lunch?', 'Eva: Sure'],
    ]);
  });

  it('is reported with what was left out and where it was cut', () => {
    const notes = notesOf('_chat.txt', export1);
    assert.match(notes, /^_chat\.txt: 2 dialogues, 4 turns \(whatsapp\)/);
    assert.match(notes, /1 message without text, such as pictures, left out/);
    assert.match(notes, /1 sticker or notice left out/);
    assert.match(
      notes,
      /chats are cut into dialogues at pauses of more than 1 h, because their pauses show no clear gap/,
    );
  });

  it('says that the order of dates is a guess, and how to choose it', () => {
    const chat = '3/4/24, 1:00 PM - Eva: Hi\n3/4/24, 1:01 PM - Tom: Hello\n';
    assert.match(
      notesOf('_chat.txt', chat),
      /dates read with the month first, although nothing shows the order/,
    );
  });

  it('is not taken for a log', () => {
    withFiles({ 'server.log': '2024-05-06 15:05:00 INFO: started\n' }, (folder) => {
      assert.throws(() => readCorpus([join(folder, 'server.log')], { format: 'auto' }));
    });
  });
});

describe('whose turns are learned', () => {
  const options = {
    format: 'auto',
    encoding: 'auto',
    alias: [],
    learnRole: null,
    sessionGap: 'auto',
    dateOrder: 'auto',
    columns: [],
    branches: 'best',
    replay: [],
    evalData: [],
    evalRatio: 0,
    maxBadRatio: 1,
    seed: 1,
  } as const;
  const learn = (content: string, chosen: object) =>
    withFiles({ '_chat.txt': content }, (folder) => {
      const { train, notes } = new OpenCorpora({
        ...options,
        learn: [],
        ...chosen,
        data: [join(folder, '_chat.txt')],
      }).of(null);
      const all = Array.from({ length: train.length }, (_, index) => index);
      return {
        turns: train.several(all).map(({ turns }) => turns.map(({ role, text }) => `${role}: ${text}`)),
        notes,
      };
    });

  it('is a speaker of a chat', () => {
    const { turns, notes } = learn(export1, { learn: ['eva'] });
    assert.deepEqual(turns, [['user: Lunch?', 'assistant: Sure']]);
    assert.match(
      notes.at(-1) ?? '',
      /^learns what Eva \(2 turns\) said, in 1 dialogue; 1 dialogue in which they answer nothing left out/,
    );
  });

  it('is everybody, with a hint, if nobody is chosen', () => {
    const { turns, notes } = learn(export1, {});
    assert.equal(turns.length, 2);
    assert.match(notes.at(-1) ?? '', /they are Tom \(3 turns\) and Eva \(2 turns\)/);
  });

  it('is cut at the pause that is asked for', () => {
    const { turns, notes } = learn(export1, { sessionGap: '6h', learn: ['Eva'] });
    assert.equal(turns.length, 1);
    assert.ok(notes.includes('chats are cut into dialogues at pauses of more than 6 h'));
  });

  it('is somebody who was renamed', () => {
    const chat =
      '[12.05.24, 09:16:22] Bob: Hi\n[12.05.24, 09:16:40] Eva: Hi\n[12.05.24, 09:17:00] Robert: Bye\n';
    assert.deepEqual(learn(chat, { learn: ['Robert'], alias: ['Bob=Robert'] }).turns, [
      ['assistant: Hi', 'user: Hi', 'assistant: Bye'],
    ]);
  });

  it('is nobody who does not speak', () => {
    assert.throws(
      () => learn(export1, { learn: ['Ewa'] }),
      /nobody has that name \(did you mean Eva\?\); the conversations are of Eva/,
    );
  });
});

describe('Signal', () => {
  it('is read with its quotes, reactions and attachments taken out', () => {
    const chat = [
      '[2024-05-06 15:04:00] Ann: Soup?  ',
      '[2024-05-06 15:04:30] Me: > Soup?',
      '> ',
      'Yes,',
      '',
      'please.  ',
      '(- Ann: 👍, Cem: ❤ -)',
      '[2024-05-06 15:05:00] Ann: (( 😀 ))  ',
      '[2024-05-06 15:05:10] Ann: (This message was deleted)',
      '[2024-05-06 15:06:00] Ann: With bread?  ',
      '[2024-05-06 15:07:00] Ann: ![soup.jpg](./media/soup.jpg)  ',
      '[2024-05-06 15:08:00] Me: Nice',
      '[2024-05-06 15:09:00] Ann: look ![b.jpg](./media/b.jpg)',
    ].join('\n');
    assert.deepEqual(dialoguesOf('chat.md', chat, 'signal'), [
      ['Ann: Soup?', 'Me: Yes,\n\nplease.', 'Ann: With bread?'],
      ['[Me: Nice]', 'Ann: look'],
    ]);
  });

  it('is read in its older form', () => {
    const chat = '[2019-05-29, 15:04] Ann: Soup?\n[2019-05-29, 15:05] Me: Yes\n';
    assert.deepEqual(dialoguesOf('chat.md', chat, 'signal'), [['Ann: Soup?', 'Me: Yes']]);
  });
});

describe('LINE', () => {
  it('is read with tabs, in three languages', () => {
    for (const [heading, saved, day, clock] of [
      [
        '[LINE] Chat history with Ann',
        'Saved on: 2024/01/16 10:00',
        '2024/01/15(Mon)',
        ['15:04', '15:05', '15:06'],
      ],
      [
        '[LINE] Annとのトーク履歴',
        '保存日時：2024/01/16 10:00',
        '2024/01/15(月)',
        ['午後3:04', '午後3:05', '午後3:06'],
      ],
      [
        '[LINE] Ann的聊天記錄',
        '儲存日期：2024/01/16 10:00',
        '2024.01.15 星期一',
        ['下午03:04', '下午03:05', '下午03:06'],
      ],
      [
        '[LINE] Chat history with Ann',
        'Saved on: 1/16/2024, 10:00',
        'Mon, 01/15/2024',
        ['03:04PM', '03:05PM', '03:06PM'],
      ],
    ] as const) {
      const chat = [
        heading,
        saved,
        '',
        day,
        `${clock[0]}\tAnn\tSoup?`,
        `${clock[0]}\tAnn\t[Sticker]`,
        `${clock[1]}\tBen Lee\t"Yes,`,
        '',
        'please."',
        `${clock[1]}\t\tCem joined the group.`,
        `${clock[2]}\tAnn\t[写真]`,
        `${clock[2]}\tBen Lee\tNice`,
      ].join('\r\n');
      assert.deepEqual(dialoguesOf('chat.txt', chat, 'line'), [['Ann: Soup?', 'Ben Lee: Yes,\n\nplease.']]);
    }
  });

  it('is read with blanks', () => {
    const chat = '[LINE] Chat history in Trip\n\n2024.01.15 Monday\n15:04 Ann Soup is ready\n15:05 Ben Yes\n';
    assert.deepEqual(dialoguesOf('chat.txt', chat, 'line'), [['Ann: Soup is ready', 'Ben: Yes']]);
  });

  it('is read with blanks and names of several words', () => {
    const said = [
      ...['Ann Lee Soup?', 'Tom van der Berg Yes please', 'Ann Berg [Photo]', 'Ann Lee Hot or cold?'],
      ...['Tom van der Berg Hot', 'Cem joined the group.', 'Ann Lee Fine', 'Ann Berg Me too', 'Ben Good'],
      ...['Tom van der Berg Thanks', 'Ann Lee Now?', 'Tom van der Berg Now', 'Ann Berg Go', 'Ben Let us go'],
      ...['Ann Berg Wait', 'for me', 'Ben Good', 'Ann Berg Yes', 'Ben [Sticker]', 'Ben unsent a message.'],
    ];
    const chat = [
      '[LINE] Chat history in Trip',
      '',
      '2024.01.15 Monday',
      ...said.map((one) => (one === 'for me' ? one : `15:04 ${one}`)),
    ];
    assert.deepEqual(dialoguesOf('chat.txt', chat.join('\n'), 'line'), [
      ['Ann Lee: Soup?', 'Tom van der Berg: Yes please'],
      [
        ...[
          '[Ann Lee: Hot or cold?]',
          'Tom van der Berg: Hot',
          'Ann Lee: Fine',
          'Ann Berg: Me too',
          'Ben: Good',
        ],
        ...['Tom van der Berg: Thanks', 'Ann Lee: Now?', 'Tom van der Berg: Now', 'Ann Berg: Go'],
        ...['Ben: Let us go', 'Ann Berg: Wait\nfor me', 'Ben: Good', 'Ann Berg: Yes'],
      ],
    ]);
  });

  it('knows the name of the other person by the heading', () => {
    for (const heading of [
      '[LINE] Chat history with Ann Lee',
      '[LINE] Ann Leeとのトーク履歴',
      '[LINE] Ann Lee的聊天記錄',
    ]) {
      const chat = [heading, '', '2024/01/15(Mon)', '15:04 Ann Lee Soup?', '15:05 Ben Yes'];
      assert.deepEqual(dialoguesOf('chat.txt', chat.join('\r\n'), 'line'), [['Ann Lee: Soup?', 'Ben: Yes']]);
    }
  });
});

describe('QQ', () => {
  it('is read with several chats in a file', () => {
    const rule = '='.repeat(64);
    const chat = [
      '消息记录（此消息记录为文本格式，不支持重新导入）',
      '',
      rule,
      '消息分组:我的好友',
      rule,
      '消息对象:小明',
      rule,
      '',
      '2024-05-06 15:04:05 小明(12345)',
      '在吗？',
      '',
      '2024-05-06 15:04:06 系统消息(10000)',
      '小明撤回了一条消息',
      '',
      '2024-05-06 15:04:30 小红<hong@example.com>',
      '在的[表情]',
      '第二行',
      '',
      '2024-05-06 15:05:30 小明(12345)',
      '[图片]',
      '',
      '2024-05-06 15:05:40 小红<hong@example.com>',
      '好看',
      '',
      rule,
      '消息对象:小刚',
      rule,
      '2024-05-06 15:05:41 小刚(54321)',
      '吃了吗',
      '',
      '2024-05-06 15:05:50 小红<hong@example.com>',
      '吃了',
    ].join('\r\n');
    assert.deepEqual(dialoguesOf('qq.txt', `\ufeff${chat}`, 'qq'), [
      ['小明: 在吗？', '小红: 在的\n第二行'],
      ['小刚: 吃了吗', '小红: 吃了'],
    ]);
  });
});

describe('iMessage', () => {
  it('is read with replies where they were written', () => {
    const chat = [
      'May 17, 2024  5:29:42 PM (Read by you after 1 minute)',
      'Ann',
      'Soup?',
      '',
      'Or salad?',
      'Tapbacks:',
      '    Loved by Me',
      '',
      '    May 17, 2024  9:30:02 PM',
      '    Me',
      '    Salad.',
      '',
      'May 17, 2024  5:31:00 PM',
      'Me',
      'attachments/1/IMG_1.heic',
      '',
      'May 17, 2024  5:32:00 PM You renamed the conversation to Food',
      '',
      'May 17, 2024  5:33:00 PM',
      'Ann',
      'This message was deleted from the conversation!',
      '',
      'May 17, 2024  9:30:02 PM',
      'Me',
      'Salad.',
      'This message responded to an earlier message.',
      '',
    ].join('\n');
    assert.deepEqual(dialoguesOf('chat.txt', chat, 'imessage'), [['Ann: Soup?\n\nOr salad?', 'Me: Salad.']]);
    const { summary } = withFiles({ 'chat.txt': chat }, (folder) => readCorpus([folder]));
    // The new name of the conversation and the deleted message.
    assert.equal(summary.files[0]?.remarks.get('noticeLeftOut'), 2);
  });
});

describe('WeChat', () => {
  it('is read from tables of MemoTrace, where replies and pictures have no text', () => {
    const table = [
      'localId,TalkerId,Type,SubType,IsSender,CreateTime,Status,StrContent,StrTime,Remark,NickName,Sender',
      '1,7,1,0,0,1714978800,,在吗？,2024-05-06 15:00:00,,小明,wxid_1',
      '2,7,1,0,1,1714978860,,在的[微笑],2024-05-06 15:01:00,,小红,wxid_2',
      '3,7,47,0,0,1714978870,,,2024-05-06 15:01:10,,小明,wxid_1',
      '4,7,49,57,0,1714978880,,,2024-05-06 15:01:20,,小明,wxid_1',
      '5,7,1,0,1,1714978890,,好,2024-05-06 15:01:30,,小红,wxid_2',
      '6,8,1,0,0,1714978891,,吃了吗,2024-05-06 15:01:31,,小刚,wxid_3',
      '7,8,1,0,1,1714978895,,吃了,2024-05-06 15:01:35,,小红,wxid_2',
    ].join('\n');
    const read = withFiles({ 'wechat.csv': table }, (folder) =>
      readCorpus([join(folder, 'wechat.csv')]).dialogues.map(({ turns }) =>
        turns.map(({ speaker, text }) => `${speaker}: ${text}`),
      ),
    );
    assert.deepEqual(read, [
      ['小明: 在吗？', '小红: 在的[微笑]'],
      ['小刚: 吃了吗', '小红: 吃了'],
    ]);
  });

  it('is read from the JSON of WeFlow, with pictures cut out and without what WeChat says', () => {
    const message = (localId: number, isSend: number | null, content: string, type = '文本消息') => ({
      ...{ localId, createTime: 1714978800 + 10 * localId, type, content, isSend, localType: 1 },
      senderUsername: isSend === 1 ? 'wxid_2' : 'wxid_1',
      senderDisplayName: isSend === 1 ? '小红' : '小明',
    });
    const chat = {
      weflow: { version: '1.0.3' },
      session: { wxid: '77@chatroom', nickname: '小明', remark: '', type: '群聊' },
      messages: [
        message(1, 0, '在吗？'),
        message(2, null, '小明 撤回了一条消息', '系统消息'),
        message(3, 1, '在的[微笑]'),
        message(4, 0, '', '动画表情'),
        message(5, 0, '[引用 小红：在的]看这个', '引用消息'),
        message(6, 0, '[图片]', '图片消息'),
        message(7, 1, '好看'),
        message(8, 0, '谢谢'),
        message(9, 1, '恭喜发财', '红包'),
      ],
    };
    assert.deepEqual(dialoguesOf('chat.json', JSON.stringify(chat), 'wechat-chat'), [
      ['小明: 在吗？', '小红: 在的[微笑]', '小明: 看这个'],
      ['[小红: 好看]', '小明: 谢谢'],
    ]);
  });

  it('is read from tables of WeClone in the order of the file where times are equal', () => {
    const rows = [
      ['文本', 0, '在吗'],
      ['文本', 1, '在'],
      ['图片', 0, ''],
    ].map(([type_name, is_sender, msg], id) =>
      JSON.stringify({
        id,
        MsgSvrID: '1',
        type_name,
        is_sender,
        talker: 'wxid_1',
        room_name: '',
        msg,
        src: '',
        CreateTime: '2024/10/4 11:43',
      }),
    );
    assert.deepEqual(dialoguesOf('weclone.jsonl', rows.join('\n'), 'wechat'), [['wxid_1: 在吗', 'Me: 在']]);
  });
});
