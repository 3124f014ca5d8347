// The chat page in a real Chromium, if one is installed: type, stream, stop, rate, reload, on a phone, in the dark, and by
// keyboard, with axe's rules of accessibility.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { echo, ScriptedService } from './scripted-service.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const skip = executablePath ? false : 'needs Chromium (Debian: chromium)';
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

describe('the chat page', { skip }, () => {
  let service: ScriptedService;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const faults: string[] = [];

  before(async () => {
    service = await ScriptedService.start();
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser?.close();
    await service?.close();
  });
  beforeEach(async () => {
    await context?.close();
    service.exchanges.length = 0;
    service.feedback.length = 0;
    service.answer = echo;
    service.key = null;
    await open();
  });

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
    await context?.close();
    context = await browser.newContext({ locale: 'en-GB', ...options });
    page = await context.newPage();
    page.setDefaultTimeout(6_000);
    faults.length = 0;
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (said) => said.type() === 'error' && faults.push(said.text()));
    await page.goto(service.address);
  }

  const box = () => page.getByLabel('Your message');
  const log = () => page.getByRole('log');

  async function say(text: string): Promise<void> {
    await box().fill(text);
    await box().press('Enter');
  }

  /** Waits until the last turn is this reply. */
  const shown = async (text: string) => log().locator('.said:last-child.bot', { hasText: text }).waitFor();

  it('shows a reply while it grows, and announces it when it is whole', async () => {
    service.answer = null;
    const arrives = service.next();
    await say('Do you deliver?');
    const exchange = await arrives;
    assert.deepEqual(exchange.request, { text: 'Do you deliver?', stream: true });
    exchange.send({ id: 'r1', conversation: 'c1' });
    exchange.send({ piece: 'Yes, ' });
    await page.locator('#growing').getByText('Yes,').waitFor();
    assert.equal(await log().getByText('Yes,').count(), 0);
    exchange.send({ piece: 'we do.' });
    exchange.send({ response: 'Yes, we do.', id: 'r1', conversation: 'c1', source: 'model', model: 'm' });
    exchange.send('[DONE]');
    exchange.end();
    await shown('Yes, we do.');
    assert.equal(await page.locator('#growing').textContent(), '');
    assert.equal(await page.evaluate('document.activeElement.id'), 'message');
    assert.deepEqual(faults, []);
  });

  it('goes on with the same conversation, also after a reload', async () => {
    await say('one');
    await shown('you said: one');
    await page.reload();
    await shown('you said: one');
    await say('two');
    await shown('you said: two');
    assert.equal(service.exchanges[1]?.request.conversation, 'talk-1');
    await page.getByRole('button', { name: 'New conversation' }).first().click();
    await say('three');
    await shown('you said: three');
    assert.equal(service.exchanges[2]?.request.conversation, undefined);
    await page.getByRole('button', { name: 'Conversations' }).click();
    await page.getByRole('button', { name: 'one', exact: true }).click();
    await shown('you said: two');
  });

  it('stops a reply by Escape, and the service sees it', async () => {
    service.answer = null;
    const arrives = service.next();
    await say('Tell me a long story');
    const exchange = await arrives;
    exchange.send({ id: 'r1', conversation: 'c1' });
    exchange.send({ piece: 'Once upon' });
    await page.locator('#growing').getByText('Once upon').waitFor();
    await page.keyboard.press('Escape');
    await exchange.gone;
    await shown('Once upon');
    await log().getByText('stopped').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Send' }).isVisible(), true);
  });

  it('asks for another reply, and changes the last message, in the place of the old one', async () => {
    await say('hello');
    await shown('you said: hello');
    await page.getByRole('button', { name: 'Another reply' }).click();
    await shown('you said: hello');
    assert.deepEqual(service.exchanges[1]?.request, {
      text: 'hello',
      conversation: 'talk-1',
      replaces: 'reply-1',
      stream: true,
    });
    await page.getByRole('button', { name: 'Change' }).click();
    await say('good evening');
    await shown('you said: good evening');
    assert.equal(service.exchanges[2]?.request.replaces, 'reply-2');
    assert.equal(await log().locator('.said').count(), 2);
  });

  it('says what went wrong, and tries again', async () => {
    service.answer = ({ send, end }) => {
      send({
        error: { message: 'too many wait; try again in 3 s', type: 'rate_limit_error', code: 'queue-full' },
      });
      end();
    };
    await say('hello');
    const alert = page.getByRole('alert');
    await alert.getByText('too many wait').waitFor();
    service.answer = null;
    const arrives = service.next();
    await alert.getByRole('button').click();
    const exchange = await arrives;
    exchange.send({ piece: 'half a' });
    await page.locator('#growing').getByText('half a').waitFor();
    exchange.cut();
    await alert.getByText('The connection was lost').waitFor();
    service.answer = echo;
    await alert.getByRole('button').click();
    await shown('you said: hello');
    assert.equal(await alert.isVisible(), false);
    assert.equal(await log().locator('.said').count(), 2);
  });

  it('takes thumbs, stars, a comment and a better reply', async () => {
    await say('hello');
    await shown('you said: hello');
    await page.getByRole('button', { name: 'Good reply' }).click();
    await page.locator('[aria-pressed="true"]').waitFor();
    await page.getByRole('button', { name: 'Rate and comment' }).click();
    await page.getByLabel('2 of 5 stars').check({ force: true });
    await page.getByRole('textbox', { name: 'Comment' }).fill('too short');
    await page.getByLabel('What should it have said?').fill('Good morning!');
    await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Rate and comment' }).getByText('2').waitFor();
    assert.deepEqual(service.feedback, [
      { id: 'reply-1', rating: 'up' },
      { id: 'reply-1', rating: 2, comment: 'too short', better_reply: 'Good morning!' },
    ]);
  });

  it('shows what a model says as text, and links only to web addresses', async () => {
    const text = '<img src=x onerror=alert(1)> see https://shop.example/a. or javascript:alert(1)';
    await say(text);
    await shown(`you said: ${text}`);
    assert.equal(await log().locator('img').count(), 0);
    const links = await log()
      .locator('.bot a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    assert.deepEqual(links, ['https://shop.example/a']);
    assert.deepEqual(faults, []);
  });

  it('asks for an API key where the service wants one, and sends it', async () => {
    service.key = 'secret';
    await say('hello');
    await page.getByRole('alert').getByText('An API key is needed').waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('API key').fill('secret');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('alert').getByRole('button').click();
    await shown('you said: hello');
    assert.equal(service.exchanges[0]?.key, 'secret');
  });

  it('exports conversations as training reads them, and deletes them', async () => {
    await say('hello');
    await shown('you said: hello');
    await page.getByRole('button', { name: 'Settings' }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export conversations' }).click();
    const path = await (await downloading).path();
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), {
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'you said: hello' },
      ],
    });
    page.on('dialog', (dialog) => dialog.accept());
    await page.getByRole('button', { name: 'Delete conversations' }).click();
    await page.reload();
    assert.equal(await log().locator('.said').count(), 0);
  });

  it('works on a phone and in Chinese, without scrolling sideways', async () => {
    await open({ viewport: { width: 360, height: 640 }, locale: 'zh-CN', hasTouch: true });
    await page.getByLabel('您的消息').fill('运费多少？'.repeat(30));
    await page.getByRole('button', { name: '发送' }).tap();
    await log().getByText('you said:').waitFor();
    const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
    assert.ok(wide <= 360, `the page is ${wide} pixels wide`);
    assert.equal(await page.evaluate('document.documentElement.lang'), 'zh-CN');
  });

  for (const colorScheme of ['light', 'dark'] as const)
    it(`keeps axe's rules in ${colorScheme} colours, with each part open`, async () => {
      await open({ colorScheme });
      await say('hello');
      await shown('you said: hello');
      const check = async (what: string) => {
        // The page's policy allows no foreign script; the debugger's evaluation is not bound by it.
        await page.evaluate(await readFile(axe, 'utf8'));
        const broken = await page.evaluate(async () => {
          const { violations } = await (
            globalThis as never as { axe: { run(): Promise<AxeResult> } }
          ).axe.run();
          return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        });
        assert.deepEqual(broken, [], what);
      };
      await check('conversation');
      await page.getByRole('button', { name: 'Conversations' }).click();
      await check('list');
      await page.getByRole('button', { name: 'Rate and comment' }).click();
      await check('rating');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Settings' }).click();
      await check('settings');
    });
});

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

describe('the widget on another site', { skip }, () => {
  it('opens the page in a frame, only where that is allowed, and closes it', async () => {
    const other = await ScriptedService.start();
    const browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    try {
      for (const isAllowed of [true, false]) {
        const service = await ScriptedService.start(isAllowed ? [other.address] : []);
        const page = await browser.newPage();
        page.setDefaultTimeout(6_000);
        const html = `<!doctype html><title>Shop</title><body><h1>Shop</h1><script src="${service.address}/widget.js" data-title="Ask us"></script>`;
        other.pages.set('/shop', html);
        await page.goto(`${other.address}/shop`);
        await page.getByRole('button', { name: 'Ask us' }).click();
        const frame = page.frameLocator('iframe[title="Ask us"]');
        if (isAllowed) {
          await frame.getByLabel('Your message').fill('hello');
          await frame.getByLabel('Your message').press('Enter');
          await frame.getByRole('log').getByText('you said: hello').waitFor();
          await frame.getByRole('button', { name: 'Close' }).click();
          await page.locator('iframe').waitFor({ state: 'hidden' });
        } else {
          const framed = page.frames().find(({ parentFrame }) => parentFrame !== null);
          await page.waitForFunction(`document.querySelector('iframe').style.display === 'block'`);
          assert.equal(await framed?.locator('#message').count(), 0);
        }
        await page.close();
        await service.close();
      }
    } finally {
      await browser.close();
      await other.close();
    }
  });
});
