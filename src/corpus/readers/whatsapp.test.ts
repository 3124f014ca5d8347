import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DateOrder } from '../reader.js';
import type { Line } from '../text-file.js';
import { whatsappChat } from './whatsapp.js';

/** Lines as they come from a file: blank ones are left out, the others keep their numbers. */
function linesOf(text: string): () => Line[] {
  const lines = text.split('\n').map((line, index) => ({ text: line, number: index + 1 }));
  return () => lines.filter((line) => line.text.trim() !== '');
}

function chatOf(text: string, dateOrder: DateOrder | 'auto' = 'auto') {
  const chat = whatsappChat(linesOf(text), { file: 'chat.txt', dateOrder });
  assert.ok(chat, `no message in ${JSON.stringify(text)}`);
  return chat;
}

/** `2024-05-06 15:05:00 Ann: Hi`, or the kind in place of the words of a message that has none. */
function said(text: string, order: DateOrder | 'auto' = 'auto'): string[] {
  return [...chatOf(text, order).messages()].map(({ time, speaker, text: words, kind }) => {
    const when = new Date(time ?? Number.NaN).toISOString().slice(0, 19).replace('T', ' ');
    return `${when} ${speaker}: ${kind === 'text' ? words : `(${kind})`}`;
  });
}

/** What remains of the text of one message by Ann. */
function kept(...lines: string[]): string[] {
  const [first, ...others] = said(
    `[06.05.24, 15:05:00] Ann: ${lines.join('\n')}\n[06.05.24, 15:05:09] Ann: end`,
  ).map((line) => line.slice('2024-05-06 15:05:00 Ann: '.length));
  return [first ?? '', ...others].slice(0, -1);
}

const mark = '\u200e';

describe('heads', () => {
  const heads: readonly (readonly [line: string, read: string])[] = [
    ['3/6/18, 1:55 p.m. - a: m', '2018-03-06 13:55:00 a: m'],
    ['03-06-2018, 01.55 PM - a: m', '2018-06-03 13:55:00 a: m'],
    ['13.06.18 21.25.15: a: m', '2018-06-13 21:25:15 a: m'],
    ['[06.13.18 21:25:15] a: m', '2018-06-13 21:25:15 a: m'],
    ['13.6.2018 klo 21.25.15 - a: m', '2018-06-13 21:25:15 a: m'],
    ['13. 6. 2018. 21:25:15 a: m', '2018-06-13 21:25:15 a: m'],
    ['[3/6/18 1:55:00 p. m.] a: m', '2018-03-06 13:55:00 a: m'],
    ['[2018/06/13, 21:25:15] a: m', '2018-06-13 21:25:15 a: m'],
    ['30/08/25 18.00 - Budi: halo', '2025-08-30 18:00:00 Budi: halo'],
    ['8/21/21, 11:06\u202fPM - N: M', '2021-08-21 23:06:00 N: M'],
    ['2023-12-20, 5:46 p.m. - F: x', '2023-12-20 17:46:00 F: x'],
    ['[2026/7/9 02:28:37] Bob:Hi', '2026-07-09 02:28:37 Bob: Hi'],
    ['09/12/2012 17:03:48: N: M', '2012-12-09 17:03:48 N: M'],
    ['2024/5/6 下午3:05 - 小明: 你好', '2024-05-06 15:05:00 小明: 你好'],
    ['2024. 5. 6. 오후 3:05, 철수 : 네', '2024-05-06 15:05:00 철수: 네'],
    ['\u200f٦\u200f/٥\u200f/٢٠٢٤، ٣:٠٥ م - علي: مرحبا', '2024-05-06 15:05:00 علي: مرحبا'],
    ['[19.04.17, 20:43:09] J: m', '2017-04-19 20:43:09 J: m'],
    [`${mark}[14/08/2024, 21:00:10] G: words`, '2024-08-14 21:00:10 G: words'],
    ['2024年5月6日 午後3:05 - 花子: はい', '2024-05-06 15:05:00 花子: はい'],
    ['[13/06/2018 à 21:25:15] a: m', '2018-06-13 21:25:15 a: m'],
    ['13/06/2018 às 21:25 - a: m', '2018-06-13 21:25:00 a: m'],
    ['21:25, 13/06/2018 - a: m', '2018-06-13 21:25:00 a: m'],
    ['13.06.18 г., 21:25 - a: m', '2018-06-13 21:25:00 a: m'],
    ['13/6/2561 21:25 - a: m', '2018-06-13 21:25:00 a: m'],
    ['۲۰۲۴/۵/۶،\u00a0۱۵:۰۵ - a: m', '2024-05-06 15:05:00 a: m'],
    ['13.06.18, 24:05 - a: m', '2018-06-13 00:05:00 a: m'],
    ['12 May 2024, 09:15 - a: m', '2024-05-12 09:15:00 a: m'],
    ['May 12, 2024, 9:15 PM - a: m', '2024-05-12 21:15:00 a: m'],
    ['[12-mai-24 09:15:01] a: m', '2024-05-12 09:15:01 a: m'],
    ['6. März 2024, 09:15 - a: m', '2024-03-06 09:15:00 a: m'],
    ['6 de dic. de 2024, 9:15 p. m. - a: m', '2024-12-06 21:15:00 a: m'],
    ['6 août 2024 à 09:15 - a: m', '2024-08-06 09:15:00 a: m'],
    ['6 мая 2024 г., 09:15 - a: m', '2024-05-06 09:15:00 a: m'],
    ['6 Şub 2024 09:15 - a: m', '2024-02-06 09:15:00 a: m'],
    ['[۲۳/۲/۱۴۰۳،\u200f ۹:۱۵:۰۰] a: m', '2024-05-12 09:15:00 a: m'],
    ['۱۴۰۳/۱۲/۳۰، ۹:۱۵ - a: m', '2025-03-20 09:15:00 a: m'],
    ['٤/١١/١٤٤٥ هـ، ٩:١٥ م - a: m', '2024-05-12 21:15:00 a: m'],
    ['6/5/2567 15:05 น. - a: m', '2024-05-06 15:05:00 a: m'],
  ];
  for (const [line, read] of heads)
    it(`reads ${JSON.stringify(line)}`, () => {
      assert.deepEqual(said(line), [read]);
      assert.deepEqual(said(`\ufeff${line}\r\n\u200e${line}\r`), [read, read]);
    });

  it('knows the words for the parts of the day', () => {
    for (const [clock, read] of [
      ['12:05 AM', '00:05'],
      ['12:05 PM', '12:05'],
      ['11:59 pm', '23:59'],
      ['凌晨2:05', '02:05'],
      ['早上8:05', '08:05'],
      ['上午12:05', '00:05'],
      ['中午12:05', '12:05'],
      ['中午1:05', '13:05'],
      ['下午12:05', '12:05'],
      ['晚上11:05', '23:05'],
      ['午前0:05', '00:05'],
      ['오전 9:05', '09:05'],
      ['٣:٠٥ ص', '03:05'],
      ['3:05 μ.μ.', '15:05'],
    ])
      assert.deepEqual(said(`2024/5/6 ${clock} - a: m`), [`2024-05-06 ${read}:00 a: m`], clock);
  });

  it('takes no line for a head that is not one', () => {
    for (const line of [
      '1/2 cup of flour - fine: yes',
      '12:30 - Ann: Hi',
      '99/99/99, 12:00',
      'Ann: Hi',
      '[1] Ann: Hi',
      '12 Mai Tai 2024, 09:15 - Ann: Hi',
      '12 Foo 2024, 09:15 - Ann: Hi',
      'May 32, 2024, 9:15 PM',
    ])
      assert.equal(whatsappChat(linesOf(line), { file: 'a', dateOrder: 'auto' }), null, line);
  });
});

describe('dates', () => {
  type Written = readonly [day: number, month: number, year: number];
  const two = (number: number) => String(number).padStart(2, '0');
  const orders = {
    dmy: ([day, month, year]: Written) => [day, month, year],
    mdy: ([day, month, year]: Written) => [month, day, year],
    ymd: ([day, month, year]: Written) => [year, month, day],
  } as const;
  const marker = (hour: number) => (hour < 12 ? 0 : 1);
  const twelve = (hour: number) => ((hour + 11) % 12) + 1;
  /** Every way to write a head: its date in some order, and its time. */
  const styles: readonly ((date: readonly string[], hour: number, rest: string) => string)[] = [
    (date, hour, rest) =>
      `${date.join('/')}, ${twelve(hour)}:${rest.slice(0, 2)} ${['a.m.', 'p.m.'][marker(hour)]} - A: x`,
    (date, hour, rest) =>
      `${date.join('-')}, ${two(twelve(hour))}.${rest.slice(0, 2)} ${['AM', 'PM'][marker(hour)]} - A: x`,
    (date, hour, rest) => `${date.join('.')} ${two(hour)}.${rest.replace(':', '.')}: A: x`,
    (date, hour, rest) => `[${date.join('.')} ${two(hour)}:${rest}] A: x`,
    (date, hour, rest) => `${date.join('.')} klo ${hour}.${rest.replace(':', '.')} - A: x`,
    (date, hour, rest) => `${date.join('. ')}. ${hour}:${rest} A: x`,
    (date, hour, rest) =>
      `[${date.join('/')} ${twelve(hour)}:${rest}\u202f${['a. m.', 'p. m.'][marker(hour)]}] A: x`,
    (date, hour, rest) => `\u200e[${date.join('/')}, ${two(hour)}:${rest}] A: x`,
    (date, hour, rest) => `${date.join('/')} ${two(hour)}.${rest.slice(0, 2)} - A: x`,
    (date, hour, rest) =>
      `${date.join('/')} ${['上午', '下午'][marker(hour)]}${twelve(hour)}:${rest.slice(0, 2)} - A: x`,
    (date, hour, rest) =>
      `${date.join('. ')}. ${['오전', '오후'][marker(hour)]} ${twelve(hour)}:${rest.slice(0, 2)}, A : x`,
    (date, hour, rest) =>
      `${date.join('\u200f/')}، ${twelve(hour)}:${rest.slice(0, 2)} ${['ص', 'م'][marker(hour)]} - A: x`.replace(
        /\d/g,
        (digit) => String.fromCharCode(0x0660 + Number(digit)),
      ),
  ];

  it('reads back any date in any style and order', () => {
    const moment = fc.date({ min: new Date('2009-01-01'), max: new Date('2098-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(
        moment,
        fc.constantFrom<DateOrder>('dmy', 'mdy', 'ymd'),
        fc.constantFrom(...styles),
        fc.boolean(),
        fc.boolean(),
        (when, order, style, isPadded, isShort) => {
          const [date, time = ''] = when.toISOString().slice(0, 19).split('T');
          const written: Written = [when.getUTCDate(), when.getUTCMonth() + 1, when.getUTCFullYear()];
          const parts = orders[order](written).map((number) =>
            number > 2000
              ? String(isShort ? number % 100 : number).padStart(2, '0')
              : isPadded
                ? two(number)
                : String(number),
          );
          const line = style(parts, when.getUTCHours(), time.slice(3));
          const [read = ''] = said(line, order);
          assert.equal(read.slice(0, 16), `${date} ${time.slice(0, 5)}`, line);
          // The others have no seconds.
          assert.ok([time.slice(6), '00'].includes(read.slice(17, 19)), line);
        },
      ),
      { seed: 11, numRuns: 600 },
    );
  });

  const chat = (...dates: string[]) => dates.map((date) => `${date}, 12:00 - A: x`).join('\n');
  const read = (text: string) => said(text).map((line) => line.slice(0, 10));

  it('knows the order by a number that can only be a day', () => {
    assert.deepEqual(read(chat('03/04/24', '13/04/24')), ['2024-04-03', '2024-04-13']);
    assert.deepEqual(read(chat('04/03/24', '04/13/24')), ['2024-04-03', '2024-04-13']);
  });

  it('knows the order by time that does not go back', () => {
    assert.deepEqual(read(chat('03/04/24', '01/05/24')), ['2024-04-03', '2024-05-01']);
    assert.deepEqual(read(chat('04/03/24', '05/01/24')), ['2024-04-03', '2024-05-01']);
    assert.equal(chatOf(chat('04/03/24', '05/01/24')).chosen.isGuess, false);
  });

  it('knows a short year in front by time that does not go back', () => {
    assert.deepEqual(read(chat('24/05/30', '24/06/01')), ['2024-05-30', '2024-06-01']);
  });

  it('takes dots for the day first', () => {
    assert.deepEqual(read(chat('03.04.24')), ['2024-04-03']);
    assert.equal(chatOf(chat('03.04.24')).chosen.isGuess, false);
  });

  it('guesses where nothing tells, and says so unless both orders give the same date', () => {
    assert.deepEqual(chatOf('3/4/24, 1:00 PM - A: x').chosen, { order: 'mdy', isGuess: true });
    assert.deepEqual(chatOf('03/04/2024, 13:00 - A: x').chosen, { order: 'dmy', isGuess: true });
    assert.deepEqual(chatOf('04/04/2024, 13:00 - A: x').chosen, { order: 'dmy', isGuess: false });
  });

  it('reads dates in the order that a person asks for', () => {
    assert.deepEqual(said(chat('03/04/24'), 'mdy'), ['2024-03-04 12:00:00 A: x']);
    assert.deepEqual(said(chat('03/04/24'), 'ymd'), ['2003-04-24 12:00:00 A: x']);
    assert.deepEqual(said(chat('2024-04-03'), 'dmy'), ['2024-04-03 12:00:00 A: x']);
  });
});

describe('lines', () => {
  it('joins the lines of a message and keeps its paragraphs', () => {
    assert.deepEqual(said('[06.05.24, 15:05:00] Ann: one\r\ntwo\r\n\r\n\r\n\r\nthree\r\n'), [
      '2024-05-06 15:05:00 Ann: one\ntwo\n\n\nthree',
    ]);
  });

  it('takes a pasted line with another head as part of the message', () => {
    const text = [
      '06.05.24, 15:05 - Ann: he wrote',
      '[06.05.24, 15:04:00] Cem: no',
      '06.05.24 um 15:04: Cem: really',
      '06.05.24, 15:06 - Ben: oh',
      '06.05.24, 15:06 - Ann: yes',
    ].join('\n');
    assert.deepEqual(said(text), [
      '2024-05-06 15:05:00 Ann: he wrote\n[06.05.24, 15:04:00] Cem: no\n06.05.24 um 15:04: Cem: really',
      '2024-05-06 15:06:00 Ben: oh',
      '2024-05-06 15:06:00 Ann: yes',
    ]);
    assert.equal(chatOf(text).pastedHeads, 2);
  });

  it('takes a line as pasted whose time goes back by more than a minute', () => {
    assert.deepEqual(
      said(
        [
          '06.05.24, 15:05 - Ann: a',
          '06.05.24, 15:04 - Ben: b',
          '06.05.24, 15:05 - Ann: remember?',
          '04.05.24, 09:00 - Cem: old',
          '06.05.24, 15:07 - Ben: c',
        ].join('\n'),
      ),
      [
        '2024-05-06 15:05:00 Ann: a',
        '2024-05-06 15:04:00 Ben: b',
        '2024-05-06 15:05:00 Ann: remember?\n04.05.24, 09:00 - Cem: old',
        '2024-05-06 15:07:00 Ben: c',
      ],
    );
  });

  it('goes on with a clock that was set back', () => {
    const night = ['27.10.24, 02:50 - Ann: a', '27.10.24, 02:10 - Ben: b', '27.10.24, 02:55 - Ann: c'];
    assert.equal(said(night.join('\n')).length, 3);
    const wrongYear = ['06.05.34, 15:05 - Ann: a', ...Array<string>(30).fill('06.05.24, 15:05 - Ben: b')];
    assert.equal(said(wrongYear.join('\n')).length, 31);
  });

  it('leaves out what comes before the first message', () => {
    assert.deepEqual(said('WhatsApp\n06.05.24, 15:05 - Ann: a'), ['2024-05-06 15:05:00 Ann: a']);
  });

  it('says line and file of each message', () => {
    const [, second] = chatOf('[06.05.24, 15:05:00] Ann: a\n\nb\n[06.05.24, 15:05:00] Ben: c').messages();
    assert.deepEqual(second, {
      chat: 'chat.txt',
      speaker: 'Ben',
      time: Date.UTC(2024, 4, 6, 15, 5),
      text: 'c',
      kind: 'text',
      line: 4,
      file: 'chat.txt',
    });
  });
});

describe('names', () => {
  const name = (written: string) => [...chatOf(`06.05.24, 15:05 - ${written}: hi`).messages()][0]?.speaker;

  it('strips the marks around names', () => {
    assert.equal(name('~\u202fAnn Lee'), 'Ann Lee');
    assert.equal(name('~ Ann'), 'Ann');
    assert.equal(name('\u200eAnn'), 'Ann');
    assert.equal(name('\u202a+49\u00a0171\u00a05550100\u202c'), '+49 171 5550100');
    assert.equal(name('Dr. Ann: M.D'), 'Dr. Ann');
  });

  it('keeps colons in texts', () => {
    assert.deepEqual(said('06.05.24, 15:05 - Ann: note: at 12:30'), [
      '2024-05-06 15:05:00 Ann: note: at 12:30',
    ]);
  });
});

describe('notices', () => {
  it('leaves out lines without a name', () => {
    assert.deepEqual(
      said(
        [
          '06.05.24, 15:05 - Messages and calls are end-to-end encrypted. Tap to learn more.',
          '06.05.24, 15:05 - Ann created group "Trip"',
          '06.05.24, 15:05 - Ann changed the subject from "Trip: one" to "Trip: two"',
          '06.05.24, 15:05 - Ann: hi',
        ].join('\n'),
      ),
      [
        '2024-05-06 15:05:00 : (aside)',
        '2024-05-06 15:05:00 : (aside)',
        '2024-05-06 15:05:00 : (aside)',
        '2024-05-06 15:05:00 Ann: hi',
      ],
    );
  });

  it('leaves out what the mark of the app precedes', () => {
    assert.deepEqual(kept(`${mark}Ann changed her phone number.`), ['(aside)']);
    assert.deepEqual(kept(`${mark}Missed voice call`), ['(aside)']);
    assert.deepEqual(kept('Ann left'), ['(aside)']);
  });

  it('knows the name of the group by what it says', () => {
    assert.deepEqual(
      said(
        [
          '[06.05.24, 15:05:00] Trip: You created this group',
          `[06.05.24, 15:05:00] Trip: ${mark}Messages and calls are end-to-end encrypted.`,
          '[06.05.24, 15:05:01] Trip: Ben was added',
          '[06.05.24, 15:05:02] Ann: I left the keys on the table',
        ].join('\n'),
      ),
      [
        '2024-05-06 15:05:00 Trip: (aside)',
        '2024-05-06 15:05:00 Trip: (aside)',
        '2024-05-06 15:05:01 Trip: (aside)',
        '2024-05-06 15:05:02 Ann: I left the keys on the table',
      ],
    );
  });

  it('leaves out the notice of the encryption in every language, with or without the mark', () => {
    for (const notice of [
      'Messages and calls are end-to-end encrypted. Only people in this chat can read them.',
      'Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.',
      'Los mensajes y las llamadas están cifrados de extremo a extremo.',
      'Les messages et les appels sont chiffrés de bout en bout.',
      'I messaggi e le chiamate sono crittografati end-to-end.',
      'As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta.',
      '消息和通话都进行端到端加密。',
      '訊息和通話經端對端加密。',
    ])
      assert.deepEqual(kept(notice), ['(aside)'], notice);
  });
});

describe('content without words', () => {
  it('ends the dialogue at pictures and the like', () => {
    for (const words of [
      '<Media omitted>',
      '<Medien ausgeschlossen>',
      '<Multimedia omitido>',
      '<Médias omis>',
      '<Media omessi>',
      '<Mídia oculta>',
      '<省略影音内容>',
      '<已省略多媒體檔案>',
      `${mark}image omitted`,
      `${mark}video omitted`,
      'audio omitted',
      'GIF omitted',
      `report.pdf • ${mark}2 pages ${mark}document omitted`,
      'Contact card omitted',
      '圖片已略去',
      '影片已略去',
      '音訊已略去',
      `${mark}<attached: 00000042-PHOTO-2024-06-07-15-13-20.jpg>`,
      `${mark}<Anhang: 00000021-VCARD.vcf>`,
      `report.pdf • ${mark}2 pages ${mark}<attached: 00000043-report.pdf>`,
      'IMG-20240506-WA0001.jpg (file attached)',
      `${mark}IMG-20240506-WA0001.jpg (Datei angehängt)`,
      'holiday.pdf (archivo adjunto)',
      'PTT-20240506-WA0002.opus (whatever language this is)',
      'location: https://maps.google.com/?q=52.5,13.4',
      `${mark}Standort: https://maps.google.com/?q=-52.5,13.4`,
      'https://example.com/a',
      'null',
      ':.',
      `${mark}POLL:`,
    ])
      assert.deepEqual(kept(words), ['(cut)'], words);
  });

  it('leaves out stickers and deleted messages', () => {
    for (const words of [
      `${mark}sticker omitted`,
      'Sticker weggelassen',
      '貼圖已略去',
      `${mark}<attached: 00000001-STICKER-2024-05-06-15-05-00.webp>`,
      'STK-20240506-WA0000.webp (file attached)',
      'This message was deleted',
      `${mark}This message was deleted.`,
      'You deleted this message',
      '这条消息已删除',
      'Diese Nachricht wurde gelöscht.',
      'Waiting for this message. This may take a while.',
    ])
      assert.deepEqual(kept(words), ['(aside)'], words);
  });

  it('keeps the caption of a picture', () => {
    assert.deepEqual(kept('IMG-20240506-WA0001.jpg (file attached)', 'our dog', 'asleep'), [
      '(cut)',
      'our dog\nasleep',
    ]);
    assert.deepEqual(kept(`look ${mark}<attached: 00000042-PHOTO-2024-06-07-15-13-20.jpg>`), [
      '(cut)',
      'look',
    ]);
    assert.deepEqual(kept('<Media omitted>', 'our dog'), ['(cut)', 'our dog']);
  });

  it('leaves out a poll as a whole', () => {
    assert.deepEqual(kept(`${mark}POLL:`, 'When?', `${mark}OPTION: Monday (2 votes)`), ['(cut)']);
  });

  it('knows what is seen once', () => {
    assert.deepEqual(said('06.05.24, 15:05 - Ann: hi\n06.05.24, 15:05 - Ann:.'), [
      '2024-05-06 15:05:00 Ann: hi',
      '2024-05-06 15:05:00 Ann: (cut)',
    ]);
  });
});

describe('words', () => {
  it('cuts off the mark of an edited message', () => {
    assert.deepEqual(kept(`see you at 5 ${mark}<This message was edited>`), ['see you at 5']);
    assert.deepEqual(kept('bis fünf <Diese Nachricht wurde bearbeitet.>'), ['bis fünf']);
    assert.deepEqual(kept(`à cinq ${mark}<un mot que personne ne connaît>`), ['à cinq']);
  });

  it('keeps text that only looks like something else', () => {
    for (const words of [
      'use <b>bold</b>',
      'I love you <3',
      'the image omitted the date',
      'see https://example.com/a today',
      'the message was deleted',
      'photo.jpg (the first one)',
      'Ben left',
    ])
      assert.deepEqual(kept(words), [words]);
  });

  it('removes the marks around mentions', () => {
    assert.deepEqual(kept('thanks @\u2068Ben Lee\u2069!'), ['thanks @Ben Lee!']);
  });
});

it('reads a case with a notice, and a message of two lines', () => {
  assert.deepEqual(
    said(
      `[01.02.24, 09:15:01] Eva: ${mark}Messages and calls are end-to-end encrypted.\n[01.02.24, 09:16:22] Eva: Awake?\n[01.02.24, 09:17:00] Tom: Yes\nyou too?`,
    ),
    [
      '2024-02-01 09:15:01 Eva: (aside)',
      '2024-02-01 09:16:22 Eva: Awake?',
      '2024-02-01 09:17:00 Tom: Yes\nyou too?',
    ],
  );
});

it('reads long hostile lines without trying every place', () => {
  for (const filler of [' ', '\u200e', '<a:', '<', ': ', '1/', '(', '~ '])
    assert.ok(
      said(`06.05.24, 15:05 - Ann: a${filler.repeat(200_000)}b\n${filler.repeat(200_000)}`).length >= 1,
    );
});
