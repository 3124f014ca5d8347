import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseRobots } from './robots.js';

/** Which of the paths a robots.txt allows. */
const allowed = (text: string, paths: readonly string[]) =>
  paths.filter((path) => parseRobots(text, 'chatbot-data').allows(path));

it('the group that names the program counts instead of the group for all', () => {
  const text = `# for all
User-agent: *
Disallow: /

User-agent: other
User-Agent: Chatbot-Data/1.0
Disallow: /private # comment
Disallow:`;
  assert.deepEqual(allowed(text, ['/', '/faq', '/private', '/private/a']), ['/', '/faq']);
  assert.equal(parseRobots(text, 'third').allows('/faq'), false);
});

it('groups of the same program are one group', () =>
  assert.deepEqual(
    allowed('User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /b', ['/a', '/b', '/c']),
    ['/c'],
  ));

it('the longest match decides, and Allow wins a tie', () => {
  const text =
    'User-agent: *\nDisallow: /help\nAllow: /help/faq\nDisallow: /help/faq/old\nAllow: /x\nDisallow: /x';
  assert.deepEqual(allowed(text, ['/help', '/help/faq/1', '/help/faq/old/1', '/x']), ['/help/faq/1', '/x']);
});

it('* and $ work as in RFC 9309', () => {
  const text = 'User-agent: *\nDisallow: /*.php$\nDisallow: /*?sort=\nDisallow: /exact$\nDisallow: */tail';
  const paths = ['/a.php', '/a.php?x', '/list?sort=1', '/list?page=1', '/exact', '/exactly', '/a/tail'];
  assert.deepEqual(allowed(text, paths), ['/a.php?x', '/list?page=1', '/exactly']);
});

it('paths match whether they are percent-encoded or not', () => {
  assert.deepEqual(allowed('User-agent: *\nDisallow: /büro\nDisallow: /%7Ejoe', ['/b%c3%bcro', '/~joe']), []);
});

it('a pause between requests is a number of seconds', () => {
  assert.equal(parseRobots('User-agent: *\nCrawl-delay: 2.5', 'x').crawlDelay, 2.5);
  assert.equal(parseRobots('User-agent: *\nCrawl-delay: soon', 'x').crawlDelay, null);
});

it('a file without rules for the program, or that is a page, allows everything', () => {
  assert.deepEqual(allowed('<html>not found</html>', ['/a']), ['/a']);
  assert.deepEqual(allowed('Disallow: /\nUser-agent: other\nDisallow: /', ['/a']), ['/a']);
});
