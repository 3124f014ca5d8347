// The rules bot as a user meets it: rules, forms and skills of a file, one conversation after another and several at once.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { describeBot, questionOf } from '../../../test/bots/describe-bot.js';
import { repositoryRoot } from '../../../test/repository.js';
import { readStories } from '../../evaluate/stories/read-stories.js';
import { failureText } from '../../evaluate/stories/story-text.js';
import { tellStories } from '../../evaluate/stories/tell-stories.js';
import { defaultSettings } from '../../generate/settings.js';
import type { Answer, Question } from '../bot.js';
import { HybridBot } from '../hybrid-bot.js';
import { MemoryBot } from '../memory/memory-bot.js';
import { RetrievalBot } from '../retrieval/retrieval-bot.js';
import { MemoryStore } from '../store/memory-store.js';
import { openBotFile } from './read-bot-file.js';
import { RulesBot } from './rules-bot.js';

const folder = mkdtempSync(join(tmpdir(), 'rules-'));
after(() => rmSync(folder, { recursive: true }));

function botOf(yaml: string, store = new MemoryStore(), now = () => Date.UTC(2026, 11, 1, 8, 5)): RulesBot {
  const path = join(folder, 'bot.yaml');
  writeFileSync(path, yaml);
  return new RulesBot(openBotFile(path), store, now);
}

async function ask(bot: RulesBot, text: string, more: Partial<Question> = {}): Promise<string | null> {
  const answer = await bot.answer(questionOf([text], more), () => {});
  return answer.kind === 'said' ? answer.text : null;
}

/** A conversation that remembers its turns. */
class Talk {
  turns: string[] = [];
  last: Answer | null = null;

  constructor(
    private readonly bot: RulesBot,
    private readonly more: Partial<Question>,
  ) {}

  static async begin(bot: RulesBot, store: MemoryStore, user: string | null = null): Promise<Talk> {
    return new Talk(bot, { conversation: await store.begin(user), user });
  }

  with(bot: RulesBot): Talk {
    const talk = new Talk(bot, this.more);
    talk.turns = [...this.turns];
    return talk;
  }

  async say(text: string): Promise<string | null> {
    this.turns.push(text);
    let shown = '';
    this.last = await this.bot.answer(questionOf(this.turns, this.more), (piece) => {
      shown += piece;
    });
    if (this.last.kind === 'passed') {
      this.turns.pop();
      return null;
    }
    assert.equal(shown, this.last.text);
    this.turns.push(this.last.text);
    return this.last.text;
  }
}

describe('rules', () => {
  const bot = botOf(`
lists:
  city: [New York, Rome, 北京]
  size: { small: [s, 小号], large: [l, 大号] }
rules:
  hi: { text: [Hello there, 你好], answer: { en: Hi, zh: 您好 } }
  order: { pattern: "[where is] my order {number}", answer: "Order {number}." }
  trip: { pattern: "from {from:city} to {to:city}", answer: "{from} > {to}" }
  size: { pattern: ["(a|an) {size} one", "要{size}的"], answer: "<{size}>" }
  day: { pattern: ["book {date}", "预订{date}"], answer: "{date}" }
  free: { pattern: "say {text}", answer: "{text}" }
  code: { regex: '^code (?<code>[A-Z]{2}\\d+)$', answer: "Code {code}" }
  refund: { pattern: "* refund *", answer: Refund }
  chinese: { pattern: "我的订单{number}", answer: "订单{number}" }
  hello: { text: hello there, answer: never }
`);
  const answers: readonly (readonly [message: string, answer: string | null])[] = [
    ['Hello there', 'Hi'],
    ['HELLO   there!!!', 'Hi'],
    ['你好。', '您好'],
    ['where is my order 00123?', 'Order 00123.'],
    ['My order twenty-five', 'Order 25.'],
    ['my order, 12', 'Order 12.'],
    ['where is my order 12 now', null],
    ['from Rome to new york', 'Rome > New York'],
    ['from Rome to Paris', null],
    ['an L one', '<large>'],
    ['我要小号的', null],
    ['要小号的', '<small>'],
    ['book next Friday', '2026-12-11'],
    ['预订下周五', '2026-12-11'],
    ['book 30 February', null],
    ['Say {number} $& [a|b] <b>!', '{number} $& [a|b] <b>'],
    ['code ab12', 'Code ab12'],
    ['code ab12 and more', null],
    ['I want my refund now', 'Refund'],
    ['refunds', null],
    ['我的订单 三百二十', '订单320'],
    ['tell me a joke', null],
    ['', null],
    ['   ', null],
    ['what is 2 + 2', '2 + 2 = 4'],
  ];
  for (const [message, answer] of answers)
    it(`${answer === null ? 'pass' : 'answer'} ${JSON.stringify(message)}`, async () => {
      assert.equal(await ask(bot, message), answer);
    });

  it('say where an answer comes from', async () => {
    const order = await bot.answer(questionOf(['my order 5']), () => {});
    assert.ok(order.kind === 'said');
    assert.deepEqual([order.source, order.score], ['rules: order', 1]);
    assert.match(order.why, /bot\.yaml:7 matches/);
    const math = await bot.answer(questionOf(['3 + 4']), () => {});
    assert.equal(math.kind === 'said' && math.source, 'math');
    const nothing = await bot.answer(questionOf(['what?']), () => {});
    assert.deepEqual([nothing.kind, nothing.why], ['passed', 'no rule and no skill fits']);
  });

  it('do not read what hides in a message', async () => {
    assert.equal(await ask(bot, 'my \u202eorder\u202c 5\u0000'), 'Order 5.');
    assert.equal(await ask(bot, 'ｍｙ　ｏｒｄｅｒ　５'), 'Order 5.');
  });

  it('pass a message that is too long, at once', async () => {
    const hostile = [
      'my order '.repeat(12_000),
      `${'['.repeat(50_000)}1`,
      '9'.repeat(100_000),
      '三'.repeat(40_000),
    ];
    for (const text of hostile) {
      const answer = await bot.answer(questionOf([text]), () => {});
      assert.match(answer.why, /longer than the 2000 characters/);
    }
  });

  it('pass a message whose comparison with all of them takes too long', async () => {
    const rules = Array.from(
      { length: 400 },
      (_, at) => `  r${at}: { regex: '(a*)*(a*)*(a*)*[b]', answer: x }\n`,
    );
    const many = botOf(`rules:\n${rules.join('')}`);
    const answer = await many.answer(questionOf(['a'.repeat(2000)]), () => {});
    assert.equal(answer.why, 'comparing the message with all rules takes too long');
  });

  it('repeat no answer while there is another', async () => {
    const several = botOf('rules:\n  hi: { text: hi, answer: [a, b, c] }\n');
    const talk = new Talk(several, {});
    const said = [await talk.say('hi'), await talk.say('hi'), await talk.say('hi')];
    assert.deepEqual(said.toSorted(), ['a', 'b', 'c']);
  });
});

describe('facts', () => {
  const yaml = `
facts: [plan]
rules:
  known: { text: hi, if: name, answer: "Hi {name}, you like {likes}" }
  half: { text: hi, if: name, answer: "Hi {name}" }
  unknown: { text: hi, answer: Hi }
  gold: { text: plan, if: plan is Gold, answer: gold }
  other: { text: plan, if: [plan, plan is not gold], answer: other }
`;

  it('are conditions and values, for their own user alone', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    const know = (user: string, key: string, value: string) =>
      store.remember(user, { key, value, said: '', time: 0, expires: null });
    await know('ann', 'name', '{likes}\u202e');
    assert.equal(await ask(bot, 'hi', { user: 'ann' }), 'Hi {likes}');
    await know('ann', 'likes/tea', 'tea');
    await know('ann', 'likes/jazz', 'jazz');
    assert.equal(await ask(bot, 'hi', { user: 'ann' }), 'Hi {likes}, you like jazz, tea');
    assert.equal(await ask(bot, 'hi', { user: 'bob' }), 'Hi');
    assert.equal(await ask(bot, 'hi'), 'Hi');
    await know('ann', 'plan', 'gold!');
    await know('bob', 'plan', 'silver');
    assert.equal(await ask(bot, 'plan', { user: 'ann' }), 'gold');
    assert.equal(await ask(bot, 'plan', { user: 'bob' }), 'other');
    assert.equal(await ask(bot, 'plan', { user: 'cid' }), null);
  });

  it('give the time zone where the question has none', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    await store.remember('ann', { key: 'time_zone', value: 'Asia/Tokyo', said: '', time: 0, expires: null });
    assert.equal(await ask(bot, 'what time is it', { user: 'ann', timeZone: null }), 'It is 17:05.');
    assert.equal(await ask(bot, 'what time is it', { user: 'ann' }), 'It is 09:05.');
  });
});

describe('forms', () => {
  const yaml = `
rules:
  hours: { pattern: when are you open, answer: At nine. }
  hello: { text: hello, answer: Hi }
forms:
  table:
    pattern: ["[book] a table [for {guests:number}] [on] [{day:date}]", "订位"]
    slots:
      guests: { kind: number, least: 1, most: 12, ask: { en: How many guests?, zh: 几位？ }, hint: { en: From 1 to 12., zh: 1到12。 } }
      day: { kind: date, ask: { en: Which day?, zh: 哪天？ } }
      name: { kind: text, ask: { en: Your name?, zh: 您的姓名？ } }
    confirm: { en: "{guests}, {day}, {name}?", zh: "{guests}位，{day}，{name}，对吗？" }
    answer: { en: "Booked: {guests}, {day}, {name}", zh: "已预订：{guests}位，{day}，{name}" }
    expires_after_minutes: 10
`;

  it('ask for what is missing, check it, confirm, and answer', async () => {
    const store = new MemoryStore();
    const talk = await Talk.begin(botOf(yaml, store), store);
    assert.equal(await talk.say('Book a table'), 'How many guests?');
    assert.equal(await talk.say('many'), 'From 1 to 12.\nHow many guests?');
    assert.equal(await talk.say('we are forty'), 'From 1 to 12.\nHow many guests?');
    assert.equal(await talk.say('We are four'), 'Which day?');
    assert.equal(await talk.say('tomorrow please'), 'Your name?');
    assert.equal(await talk.say('{guests} Ann'), '4, 2026-12-02, {guests} Ann?');
    assert.equal(await talk.say('maybe'), 'Please answer yes or no.\n4, 2026-12-02, {guests} Ann?');
    assert.equal(await talk.say('Yes!'), 'Booked: 4, 2026-12-02, {guests} Ann');
    assert.ok(talk.last?.kind === 'said');
    assert.equal(talk.last.source, 'rules: table');
    assert.equal(await talk.say('yes'), null);
  });

  it('take what the first message says, and speak its language', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    const talk = await Talk.begin(bot, store);
    assert.equal(await talk.say('a table for 2 on Friday'), 'Your name?');
    const other = await Talk.begin(bot, store);
    assert.equal(await other.say('订位'), '几位？');
    assert.equal(await other.say('3'), '哪天？');
    assert.equal(await other.say('下周五'), '您的姓名？');
    assert.equal(await other.say('Ann Lee'), '3位，2026-12-11，Ann Lee，对吗？');
    assert.equal(await other.say('不对'), '那我们重新开始。\n几位？');
  });

  it('can be cancelled, and give up', async () => {
    const store = new MemoryStore();
    const talk = await Talk.begin(botOf(yaml, store), store);
    await talk.say('book a table');
    assert.equal(await talk.say('Never mind.'), 'All right, I have stopped.');
    assert.equal(await talk.say('4'), null);
    await talk.say('订位');
    assert.equal(await talk.say('取消'), '好的，已取消。');
    await talk.say('book a table');
    await talk.say('x');
    await talk.say('y');
    assert.match((await talk.say('z')) ?? '', /^I can't go on without that/);
    assert.equal(await talk.say('4'), null);
  });

  it('let other rules and skills answer in between, if they may', async () => {
    const store = new MemoryStore();
    const talk = await Talk.begin(botOf(yaml, store), store);
    await talk.say('book a table');
    assert.equal(await talk.say('When are you open?'), 'At nine.\nHow many guests?');
    assert.equal(await talk.say('what is 3 plus 5'), '3 + 5 = 8\nHow many guests?');
    await talk.say('2');
    await talk.say('today');
    assert.equal(await talk.say('hello'), 'Hi\nYour name?');
    assert.equal(await talk.say('When are you open'), '2, 2026-12-01, When are you open?');

    const strict = await Talk.begin(botOf(`${yaml}    interrupt: false\n`, store), store);
    await strict.say('book a table');
    assert.equal(await strict.say('When are you open?'), 'From 1 to 12.\nHow many guests?');
  });

  it('survive a restart, but not a file that asks for other things', async () => {
    const store = new MemoryStore();
    const talk = await Talk.begin(botOf(yaml, store), store);
    await talk.say('book a table');
    const restarted = talk.with(botOf(yaml.replace('How many guests?', 'How many?'), store));
    assert.equal(await restarted.say('x'), 'From 1 to 12.\nHow many?');
    assert.equal(await restarted.say('5'), 'Which day?');
    const changed = restarted.with(botOf(yaml.replace('most: 12', 'most: 10'), store));
    assert.equal(
      await changed.say('hello'),
      'My questions have changed since, so please begin your request again.\nHi',
    );
    assert.equal(await changed.say('tomorrow'), null);
  });

  it('expire', async () => {
    const store = new MemoryStore();
    let now = 0;
    const bot = botOf(yaml, store, () => now);
    const talk = await Talk.begin(bot, store);
    await talk.say('book a table');
    now = 10 * 60_000;
    assert.equal(await talk.say('3'), 'Which day?');
    now += 10 * 60_000 + 1;
    assert.equal(await talk.say('today'), 'Your request was open for too long, so I have closed it.');
    assert.equal(await talk.say('today'), null);
    await talk.say('book a table');
    now += 10 * 60_000 + 1;
    assert.equal(
      await talk.say('a table for 2'),
      'Your request was open for too long, so I have closed it.\nWhich day?',
    );
    assert.equal(await talk.say('1 January 1970'), 'Your name?');
  });

  it('are where they were when messages are taken back', async () => {
    const store = new MemoryStore();
    const talk = await Talk.begin(botOf(yaml, store), store);
    await talk.say('book a table');
    await talk.say('4');
    talk.turns = talk.turns.slice(0, 2);
    assert.equal(await talk.say('7'), 'Which day?');
    await talk.say('tomorrow');
    assert.equal(await talk.say('Ann'), '7, 2026-12-02, Ann?');
    talk.turns = [];
    assert.equal(await talk.say('hello'), 'Hi');
    assert.equal(await talk.say('7'), null);
  });

  it('of overlapping conversations do not mix', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    const talks = await Promise.all(Array.from({ length: 100 }, () => Talk.begin(bot, store)));
    await Promise.all(talks.map((talk) => talk.say('book a table')));
    await Promise.all(talks.map((talk, at) => talk.say(String(1 + (at % 12)))));
    await Promise.all(talks.map((talk) => talk.say('tomorrow')));
    const said = await Promise.all(talks.map((talk, at) => talk.say(`Ann ${at}`)));
    assert.deepEqual(
      said,
      talks.map((_, at) => `${1 + (at % 12)}, 2026-12-02, Ann ${at}?`),
    );
  });

  it('have slots of any name', async () => {
    const store = new MemoryStore();
    const slots = '__proto__: {kind: text, ask: A?}, constructor: {kind: text, ask: B?}';
    const answer = '"{__proto__} {constructor}"';
    const odd = botOf(
      `forms:\n  f: {pattern: "go [{__proto__:text}]", slots: {${slots}}, answer: ${answer}}\n`,
      store,
    );
    const talk = await Talk.begin(odd, store);
    assert.equal(await talk.say('go'), 'A?');
    assert.equal(await talk.say('x'), 'B?');
    assert.equal(await talk.say('y'), 'x y');
    const other = await Talk.begin(odd, store);
    assert.equal(await other.say('go now'), 'B?');
    assert.equal(await other.say('y'), 'now y');
  });

  it('need a conversation that is kept', async () => {
    const bot = botOf(yaml);
    const answer = await bot.answer(questionOf(['book a table']), () => {});
    assert.match(answer.why, /the form "table" needs a conversation that is kept/);
  });

  it('that are stopped leave no trace', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    const conversation = await store.begin(null);
    const stopped = questionOf(['book a table'], { conversation, signal: AbortSignal.abort() });
    assert.equal((await bot.answer(stopped, () => {})).kind, 'passed');
    assert.equal(await store.state(conversation, 'form'), null);
  });

  it('ignore a state that is damaged', async () => {
    const store = new MemoryStore();
    const bot = botOf(yaml, store);
    for (const state of ['{', '[]', '{"form":1}', '[{"said":"x","time":0,"filling":{}}]', '[null,7]']) {
      const conversation = await store.begin(null);
      await store.setState(conversation, 'form', state);
      const answer = await bot.answer(questionOf(['a', 'x', 'hello'], { conversation }), () => {});
      assert.equal(answer.kind === 'said' && answer.text, 'Hi', state);
    }
  });
});

const exampleFile = openBotFile(join(repositoryRoot, 'configs/bot.example.yaml'));
const december = () => Date.UTC(2026, 11, 1, 8, 5);

function rulesUnderTest() {
  const store = new MemoryStore();
  return {
    bot: new RulesBot(exampleFile, store, december),
    store,
    begin: (user: string) => store.begin(user),
  };
}

async function hybridUnderTest() {
  const { bot: rules, store, begin } = rulesUnderTest();
  await store.learn([
    { question: 'Do you have gift cards?', answer: 'Yes.', previous: null, source: 'faq.csv:1' },
  ]);
  const parts = {
    memory: new MemoryBot(store, { keepDays: null, now: december }),
    rules,
    retrieval: await RetrievalBot.open(store, exampleFile.answers),
    model: null,
  };
  const bot = new HybridBot(parts, { answers: exampleFile.answers, retrieval: 'first', margin: 0 });
  return { bot, store, begin };
}

const talks = [
  ['Hello', 'where is my order', 'what?', '12345', 'do you have gift cards'],
  ['return', '12345', 'three', 'broken', 'when are you open', 'tomorrow', 'yes', '3 + 5'],
  ['我的订单在哪里', '取消', '现在几点', '没有的问题'],
  ['what is my name', 'My name is Ann', 'hello'],
];
describeBot('the rules bot', async () => rulesUnderTest(), talks);
describeBot('the hybrid bot with rules, memory and retrieval', hybridUnderTest, talks);

describe('the example that ships', () => {
  const stories = readStories(join(repositoryRoot, 'configs/bot.stories.example.yaml'));
  const signal = new AbortController().signal;
  for (const story of stories)
    it(`tells the story: ${story.name}`, async () => {
      const { bot, begin } = await hybridUnderTest();
      for await (const result of tellStories(bot, [story], { settings: defaultSettings, signal, begin }))
        assert.ok(result.passed, failureText(result));
    });
});
