// The readers of exports of messengers, assistants and helpdesks, and of corpora whose messages form trees.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { refusal } from '../../../test/refusal.js';
import { withFiles } from '../../../test/written-files.js';
import { zipArchive } from '../../../test/zip-archive.js';
import { readCorpus } from '../read-corpus.js';
import { summaryLines } from '../summary.js';
import { timeOf } from './chat-time.js';
import { fromHtml, mailText } from './mail-text.js';
import { repaired } from './messenger.js';

type Files = Readonly<Record<string, unknown>>;

const written = (files: Files) =>
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [
      name,
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    ]),
  );

/** The dialogues in a folder with these files: `speaker: text` for each turn, and the summary. */
const read = (files: Files) =>
  withFiles(written(files), (folder) => {
    const { dialogues, summary } = readCorpus([folder]);
    return {
      talk: dialogues.map(({ turns }) =>
        turns.map(({ text, role, speaker }) => `${speaker ?? role ?? '-'}: ${text}`),
      ),
      said: summaryLines(summary).join('\n').replaceAll(`${folder}/`, ''),
    };
  });

const telegramMessage = (id: number, from: string, more: Record<string, unknown>) => ({
  ...{ id, type: 'message', date_unixtime: String(1715505382 + 10 * id), from, from_id: `user-${from}` },
  ...more,
});

describe('Telegram', () => {
  const chat = (...messages: unknown[]) => ({ name: 'Ben', type: 'personal_chat', id: 1, messages });

  it('joins the parts of a text, and leaves out stickers and announcements', () => {
    const { talk } = read({
      'result.json': chat(
        { id: 0, type: 'service', actor: 'Ann', action: 'phone_call', date_unixtime: '1715505380', text: '' },
        telegramMessage(1, 'Ann', { text: 'Are you up?' }),
        telegramMessage(2, 'Ben', { text: '', media_type: 'sticker' }),
        telegramMessage(3, 'Ben', { text: ['Yes ', { type: 'link', text: 'x.org' }, '!'] }),
      ),
    });
    assert.deepEqual(talk, [['Ann: Are you up?', 'Ben: Yes x.org!']]);
  });

  it('joins a message that was sent in parts, and reads all chats of an account', () => {
    const long = 'x'.repeat(4090);
    const time = { date_unixtime: '1715505400' };
    const one = chat(
      telegramMessage(1, 'Ann', { text: 'a?' }),
      telegramMessage(2, 'Ben', { text: long, ...time }),
      telegramMessage(3, 'Ben', { text: 'yy', ...time }),
    );
    const other = {
      ...chat(telegramMessage(1, 'Cleo', { text: 'c?' }), telegramMessage(2, 'Ann', { text: 'd' })),
      id: 2,
    };
    const { talk } = read({ 'result.json': { about: 'x', chats: { about: 'y', list: [one, other] } } });
    assert.deepEqual(talk, [
      ['Ann: a?', `Ben: ${long}yy`],
      ['Cleo: c?', 'Ann: d'],
    ]);
  });
});

describe('Discord', () => {
  const message = (id: number, name: string, content: string, more = {}) => ({
    ...{ id: String(id), type: 'Default', timestamp: `2024-01-01T00:00:${10 + id}+00:00`, content },
    author: { id: name, name, nickname: name.toUpperCase(), isBot: false },
    ...more,
  });
  const part = (...messages: unknown[]) => ({
    ...{ guild: { id: '0' }, channel: { id: '1', name: 'general' }, messages, messageCount: messages.length },
  });

  it('puts the parts of a channel together, without bots, announcements and mentions', () => {
    const { talk } = read({
      'general [part 2].json': part(message(4, 'ann', 'soup <:yum:123>')),
      'general.json': part(
        message(1, 'ann', 'hi <@123456>'),
        message(2, 'robot', 'beep', { author: { id: '9', name: 'robot', isBot: true } }),
        message(2, 'ben', 'Joined the server.', { type: 'GuildMemberJoin' }),
        message(3, 'ben', 'lunch?'),
      ),
    });
    assert.deepEqual(talk, [['ANN: hi', 'BEN: lunch?', 'ANN: soup :yum:']]);
  });

  it('says that an export is cut short', () => {
    const whole = part(message(1, 'ann', 'hi'), message(2, 'ben', 'yes'));
    assert.match(read({ 'a.json': { ...whole, messageCount: 5 } }).said, /the export is cut short/);
  });
});

describe('Slack', () => {
  it('names people, undoes the escapes, and makes a dialogue of a thread', () => {
    const message = (user: string, text: string, ts: string, more = {}) => ({
      type: 'message',
      user,
      text,
      ts,
      ...more,
    });
    const files = {
      'export/users.json': [
        { id: 'U1', name: 'ann', profile: { display_name: 'Ann' } },
        { id: 'U2', name: 'ben', profile: { display_name: '', real_name: 'Ben B' } },
      ],
      'export/channels.json': [{ id: 'C1', name: 'general' }],
      'export/general/2024-05-12.json': [
        message('U1', 'joined', '1715505300.000100', { subtype: 'channel_join' }),
        message('U1', 'Who knows <https://a.b|this>, <@U2>?', '1715505382.000100', {
          thread_ts: '1715505382.000100',
        }),
        message('U2', 'unrelated', '1715505383.000100'),
      ],
      'export/general/2024-05-14.json': [
        message('U2', 'I do &amp; you?', '1715678182.000100', { thread_ts: '1715505382.000100' }),
        message('U1', 'ok then', '1715678183.000100'),
      ],
    };
    const { talk, said } = read(files);
    assert.ok(
      talk.some((turns) => turns.join('|') === 'Ann: Who knows this, @Ben B?|Ben B: I do & you?'),
      JSON.stringify(talk),
    );
    assert.match(said, /^export: .*\(slack\)/m);
    const zipped = zipArchive(written(files) as Record<string, string>);
    assert.deepEqual(read({ 'slack.zip': zipped }).talk, talk);
  });
});

describe('Messenger', () => {
  it('repairs its bytes, orders by time, and leaves out what the app wrote', () => {
    const broken = (text: string) => Buffer.from(text).toString('latin1');
    const { talk } = read({
      'inbox/zoe_1/message_1.json': {
        participants: [{ name: broken('Zoë') }, { name: 'Ann' }],
        messages: [
          { sender_name: 'Ann', timestamp_ms: 1715505500000, content: broken('Reacted 😆 to your message ') },
          { sender_name: broken('Zoë'), timestamp_ms: 1715505442000, content: broken('ça va “bien”') },
          { sender_name: 'Ann', timestamp_ms: 1715505382000, content: 'Are you up?' },
        ],
        thread_path: 'inbox/zoe_1',
      },
    });
    assert.deepEqual(talk, [['Ann: Are you up?', 'Zoë: ça va “bien”']]);
  });

  it('leaves text alone that is right already', () => {
    for (const text of ['plain', 'é', '“quoted” é', '你好']) assert.equal(repaired(text), text);
  });

  it('reads the flat files of encrypted chats', () => {
    const { talk } = read({
      'Zoe_1.json': {
        participants: ['Zoe', 'Ann'],
        threadName: 'Zoe',
        messages: [
          { senderName: 'Zoe', text: 'Yes', timestamp: 1715505442000, type: 'text', isUnsent: false },
          { senderName: 'Ann', text: 'Up?', timestamp: 1715505382000, type: 'text', isUnsent: false },
        ],
      },
    });
    assert.deepEqual(talk, [['Ann: Up?', 'Zoe: Yes']]);
  });
});

it('Claude attaches files, which are reported as not used', () => {
  const messages = [
    { sender: 'human', text: 'Sum it up.', attachments: [{ file_name: 'a.txt', extracted_content: 'x' }] },
    { sender: 'assistant', text: 'It is an x.', attachments: [] },
  ];
  const { talk, said } = read({ 'conversations.json': [{ chat_messages: messages }] });
  assert.deepEqual(talk, [['user: Sum it up.', 'assistant: It is an x.']]);
  assert.match(said, /fields not used: message attachments$/);
});

describe('ChatGPT', () => {
  const node = (id: string, parent: string | null, role: string, text: string, more = {}) => ({
    id,
    parent,
    children: [] as string[],
    message: {
      author: { role },
      recipient: 'all',
      content: { content_type: 'text', parts: [text] },
      ...more,
    },
  });
  const conversation = (nodes: readonly { id: string }[], current: string) => ({
    title: null,
    mapping: Object.fromEntries(nodes.map((one) => [one.id, one])),
    current_node: current,
  });

  it('follows the branch that was open, without tools and hidden messages', () => {
    const nodes = [
      node('s', null, 'system', 'be kind'),
      node('a', 's', 'user', 'Hi!'),
      node('old', 'a', 'assistant', 'Hm.'),
      node('call', 'a', 'assistant', 'search', { recipient: 'browser' }),
      node('t', 'call', 'tool', 'found'),
      node('b', 't', 'assistant', 'Hello!\ue200cite\ue202turn0\ue201【3†source】'),
    ];
    const { talk, said } = read({ 'conversations.json': [conversation(nodes, 'b')] });
    assert.deepEqual(talk, [['user: Hi!', 'assistant: Hello!']]);
    assert.match(said, /1 other reply to the same message left out \(.+ reads it\)/);
  });

  it('learns no reply to a picture, but replies to recordings', () => {
    const withParts = (...parts: object[]) => ({
      content: { content_type: 'multimodal_text', parts: ['Well?', ...parts] },
    });
    const nodes = [
      node('a', null, 'user', '', withParts({ content_type: 'image_asset_pointer' })),
      node('b', 'a', 'assistant', 'A cat.'),
      node('c', 'b', 'user', '', withParts({ content_type: 'audio_transcription', text: 'Which?' })),
      node('d', 'c', 'assistant', 'Yours.'),
    ];
    const { talk, said } = read({ 'conversations.json': [conversation(nodes, 'd')] });
    assert.deepEqual(talk, [['assistant: A cat.', 'user: Well?\nWhich?', 'assistant: Yours.']]);
    assert.match(said, /1 empty turn removed, and no reply is learned across the gap/);
  });

  it('reads every branch if they are asked for, and teaches each reply once', () => {
    const nodes = [
      node('a', null, 'user', 'Hi!'),
      node('old', 'a', 'assistant', 'Hm.'),
      node('b', 'a', 'assistant', 'Hello!'),
      node('c', 'b', 'user', 'Tea?'),
      node('d', 'c', 'assistant', 'Yes.'),
    ];
    const found = withFiles(written({ 'conversations.json': [conversation(nodes, 'd')] }), (folder) =>
      readCorpus([folder], { branches: 'all' }),
    );
    assert.deepEqual(
      found.dialogues.map(({ turns }) =>
        turns.map(({ text, supervised }) => (supervised ? text : `(${text})`)),
      ),
      [
        ['Hi!', 'Hello!', 'Tea?', 'Yes.'],
        ['(Hi!)', 'Hm.'],
      ],
    );
  });

  it('is read if the list of conversations has a name', () => {
    const talk = (text: string) =>
      conversation([node('a', null, 'user', text), node('b', 'a', 'assistant', 'y')], 'b');
    assert.deepEqual(read({ 'c.json': { conversations: [talk('x'), talk('z')] } }).talk, [
      ['user: x', 'assistant: y'],
      ['user: z', 'assistant: y'],
    ]);
  });

  it('skips a tree with a cycle', () => {
    const cyclic = conversation([node('a', 'b', 'user', 'x'), node('b', 'a', 'assistant', 'y')], 'b');
    const good = conversation([node('a', null, 'user', 'x'), node('b', 'a', 'assistant', 'y')], 'b');
    const { talk, said } = read({ 'conversations.json': [cyclic, good] });
    assert.equal(talk.length, 1);
    assert.match(said, /1 record skipped: a tree of messages has a cycle/);
  });
});

describe('Claude', () => {
  it('prefers the parts of a message to its text', () => {
    const { talk } = read({
      'conversations.json': [
        {
          uuid: 'u',
          chat_messages: [
            { sender: 'human', text: 'Hi!', created_at: '2024-01-01T00:00:00Z' },
            { sender: 'assistant', text: 'Hello! (a tool)', content: [{ type: 'text', text: 'Hello!' }] },
          ],
        },
      ],
    });
    assert.deepEqual(talk, [['user: Hi!', 'assistant: Hello!']]);
  });
});

describe('ConvoKit', () => {
  it('orders utterances by what they answer', () => {
    const utterances = [
      {
        id: 'L2',
        conversation_id: 'L1',
        text: 'Well enough.',
        speaker: 'u2',
        'reply-to': 'L1',
        timestamp: null,
      },
      {
        id: 'L1',
        conversation_id: 'L1',
        text: 'How are you?',
        speaker: 'u0',
        'reply-to': null,
        timestamp: null,
      },
    ];
    const lines = `${utterances.map((one) => JSON.stringify(one)).join('\n')}\n`;
    for (const files of [
      { 'utterances.jsonl': lines },
      { 'c/utterances.jsonl': lines, 'c/speakers.json': '{}' },
    ])
      assert.deepEqual(read(files).talk, [['u0: How are you?', 'u2: Well enough.']]);
  });
});

describe('helpdesks', () => {
  it('leave out private notes, quoted mail and signatures', () => {
    const ticket = {
      id: 1,
      requester_id: 7,
      comments: [
        {
          author_id: 7,
          public: true,
          plain_body: 'Where is it?\n-- \nAnn\nHead of Soup',
          created_at: '2024-05-12T09:16:22Z',
        },
        { author_id: 9, public: false, plain_body: 'a difficult one' },
        {
          author_id: 9,
          public: true,
          html_body:
            '<p>It arrives&nbsp;today.</p><p>On Sunday, Ann wrote:</p><blockquote>Where</blockquote>',
        },
      ],
    };
    const { talk, said } = read({ 'tickets.jsonl': `${JSON.stringify(ticket)}\n` });
    assert.deepEqual(talk, [['user: Where is it?', 'assistant: It arrives today.']]);
    assert.match(said, /1 private note left out/);
  });

  it('leave out private messages of a transcript', () => {
    const messages = [
      { role: 'user', content: 'Where is it?' },
      { role: 'agent', content: 'a difficult one', private: true },
      { role: 'agent', content: 'It arrives today.', private: false },
    ];
    const { talk, said } = read({ 'a.json': [{ messages }] });
    assert.deepEqual(talk, [['user: Where is it?', 'assistant: It arrives today.']]);
    assert.match(said, /\(messages\); 1 private note left out$/m);
  });

  it('keep a chat in the text of a comment', () => {
    const ticket = (body: string, more = {}) => ({
      id: 1,
      requester_id: 7,
      comments: [{ author_id: 7, body }],
      ...more,
    });
    const chat = [
      '(10:03:00) *** Ann joined the chat ***',
      '(10:03:11) Ann: Hello',
      '(10:03:20) Bob Agent: Hi, how can I help?',
      '(10:04:00) Ann: My order',
      'is late: a week',
      '(10:04:30) Bob Agent: It arrives today.',
    ].join('\n');
    const wanted = [
      'Ann: Hello',
      'Bob Agent: Hi, how can I help?',
      'Ann: My order\nis late: a week',
      'Bob Agent: It arrives today.',
    ];
    assert.deepEqual(read({ 'a.json': [ticket(chat)] }).talk, [wanted]);
    const roles = (record: object) =>
      withFiles({ 'a.json': JSON.stringify([record]) }, (folder) =>
        readCorpus([folder]).dialogues[0]?.turns.map(({ role }) => role),
      );
    assert.deepEqual(roles(ticket(chat)), ['user', 'assistant', 'user', 'assistant']);
    assert.deepEqual(roles(ticket(chat, { requester: { name: 'Bob Agent' } })), [
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    const mail = {
      ...ticket('(10:03:11) Ann: that is when I called'),
      comments: [
        { author_id: 7, body: '(10:03:11) Ann: that is when I called' },
        { author_id: 9, body: 'Thanks.' },
      ],
    };
    assert.deepEqual(read({ 'a.json': [mail] }).talk, [
      ['user: (10:03:11) Ann: that is when I called', 'assistant: Thanks.'],
    ]);
  });

  it('of Intercom are read with their parts', () => {
    const conversation = {
      type: 'conversation',
      source: { body: '<p>Where is it?</p>', author: { type: 'user' } },
      conversation_parts: {
        conversation_parts: [
          { part_type: 'note', body: '<p>rude</p>', author: { type: 'admin' } },
          { part_type: 'assignment', body: null, author: { type: 'bot' } },
          { part_type: 'comment', body: '<p>Today &amp; soon</p>', author: { type: 'admin' } },
        ],
      },
    };
    assert.deepEqual(read({ 'a.json': [conversation] }).talk, [
      ['user: Where is it?', 'assistant: Today & soon'],
    ]);
  });

  it('write mail that is cut at the quote', () => {
    assert.equal(
      mailText('Thanks!\n\nOn Sun, 12 May 2024 at 09:16, Ann <a@b.c> wrote:\n> Where?'),
      'Thanks!',
    );
    assert.equal(mailText('> Where?\nHere.\nSent from my phone'), 'Here.');
    assert.equal(mailText('> only a quote'), '> only a quote');
    assert.equal(fromHtml('a<br>b<script>x</script> &lt;c&gt; &#x1f600;&#55296;'), 'a\nb <c> 😀\ufffd');
  });
});

describe('Rasa', () => {
  const project = {
    'domain.yml': 'responses:\n  utter_greet:\n  - text: Hello!\n',
    'data/nlu.yml': 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hi [Ann](name)\n',
    'data/stories.yml':
      'stories:\n- story: one\n  steps:\n  - intent: greet\n  - slot_was_set:\n    - x: y\n  - action: utter_greet\n- story: two\n  steps:\n  - intent: greet\n  - action: action_search\n',
  };

  it('puts examples and responses into stories, and learns nothing that only code says', () => {
    const { talk, said } = read(project);
    assert.deepEqual(talk, [['user: hi Ann', 'assistant: Hello!']]);
    assert.match(said, /\(rasa\)/);
  });

  it('refuses examples without stories, with the reason', () => {
    const said = withFiles({ 'nlu.yml': project['data/nlu.yml'] }, (folder) =>
      refusal('data', () => readCorpus([join(folder, 'nlu.yml')])),
    );
    assert.match(said, /intents and examples of Rasa without stories/);
  });
});

describe('Parquet', () => {
  it('with a broken footer is refused', () => {
    const said = withFiles(
      { 'a.parquet': Buffer.from('PAR1 and then nothing that makes sense PAR2') },
      (folder) => refusal('data', () => readCorpus([join(folder, 'a.parquet')])),
    );
    assert.match(said, /a\.parquet cannot be read as Parquet \(.*\); copy or export it again/);
  });

  it('is read with lists of messages, and whole numbers of 64 bits', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ];
    const file = parquetWriteBuffer({
      columnData: [
        { name: 'messages', data: Array(1200).fill(messages), type: 'JSON' },
        { name: 'number', data: Array(1200).fill(7n), type: 'INT64' },
      ],
      rowGroupSize: 700,
    });
    const bytes = new Uint8Array(file);
    for (const content of [
      { 'a.parquet': bytes },
      { 'a.zip': zipArchive({ 'data/a.parquet': bytes }) },
      { 'a.parquet.gz': gzipSync(bytes) },
    ]) {
      const { talk, said } = read(content);
      assert.equal(talk.length, 1200);
      assert.deepEqual(talk[1199], ['user: a', 'assistant: b']);
      assert.match(said, /\(parquet\); fields not used: number/);
    }
  });

  it('with a broken footer is refused in an archive, too', () => {
    const broken = Buffer.from('PAR1 and then nothing that makes sense PAR2');
    const said = withFiles({ 'a.zip': zipArchive({ 'x/b.parquet': broken }) }, (folder) =>
      refusal('data', () => readCorpus([folder])),
    );
    assert.match(said, /a\.zip\/x\/b\.parquet cannot be read as Parquet \(.*\); copy or export it again/);
  });
});

describe('times', () => {
  it('are read in seconds, milliseconds and as text, without the zone of the machine', () => {
    const wanted = Date.UTC(2024, 4, 12, 9, 16, 22);
    for (const value of [
      ...[wanted / 1000, wanted, String(wanted / 1000), '1715505382.000100'],
      ...['2024-05-12T09:16:22', '2024-05-12 09:16:22', '2024-05-12T11:16:22+02:00', '2024-05-12T09:16:22Z'],
    ])
      assert.equal(timeOf(value), wanted, String(value));
    for (const value of [null, '', 'soon', -5, Number.NaN, {}]) assert.equal(timeOf(value), null);
  });
});
