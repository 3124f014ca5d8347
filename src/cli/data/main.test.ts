import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadedModules } from '../../../test/loaded-modules.js';
import { wordsHere } from '../../../test/words-here.js';
import { dataOptions } from '../../config/data-options.js';
import { entriesOf, flagOf, type OptionTable } from '../../option-spec.js';
import { augmenters } from '../../prepare/augment/augmenters.js';
import { chatbotData } from './commands.js';

const main = fileURLToPath(new URL('main.js', import.meta.url));
const run = (...words: readonly string[]) =>
  spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
const runHere = (...words: readonly string[]) => wordsHere(chatbotData(), words);

const commands: Readonly<Record<string, OptionTable>> = dataOptions;

test('--help lists the commands, and that of a command its options', async () => {
  const { status, stdout, stderr } = run('--help');
  assert.deepEqual([status, stderr], [0, '']);
  for (const [command, table] of Object.entries(commands)) {
    assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
    const help = (await runHere(command, '--help')).stdout;
    for (const [key] of entriesOf(table))
      assert.match(help, new RegExp(`^  (--[a-z]+, )?${flagOf(table, key)}\\b`, 'm'), key);
    assert.match(help, new RegExp(`^  chatbot-data ${command}`, 'm'), 'an example');
  }
});

test('--help loads nothing but commander, the tables of options and the command line', () => {
  const ofAugmenters = augmenters
    .flatMap(({ name }) => [name, `${name}/${name}`])
    .map((name) => `prepare/augment/${name}.js`);
  for (const words of [['--help'], ['crawl', '--help']]) {
    const { ours, packages } = loadedModules(main, words);
    assert.deepEqual(
      ours.filter(
        (file) =>
          !ofAugmenters.includes(file) &&
          !/^(cli\/(data\/main|data\/commands|flags|flag-names|program|subcommands)|config\/\w+(-\w+)*-options|corpus\/(text-encodings|encoding|learnt-turns|windows-1252)|device\/names|prepare\/(rule|rules|emoji|rules\/\w+(-\w+)*|augment\/augmenters|augment\/\w+(-\w+)*\/\w+(-\w+)*-options)|\w+(-\w+)*)\.js$/.test(
            file,
          ),
      ),
      [],
    );
    assert.deepEqual(packages, ['commander']);
  }
});

const refused: readonly (readonly [words: string, message: string])[] = [
  [
    '',
    'name a command: inspect, speakers, convert, prepare, augment, tokens, explain, forget, train-filter, crawl, download; chatbot-data --help explains them',
  ],
  ['inspect', 'no conversations to read; name files or folders, for example chatbot-data inspect chats/'],
  [
    'convert x --to csv',
    '--to is "csv" on the command line, but must be jsonl, the only format that is written',
  ],
  ['crwal', '"crwal" is not a command; did you mean crawl?'],
  [
    'faq.html',
    '"faq.html" is not a command; the commands are inspect, speakers, convert, prepare, augment, tokens, explain, forget, train-filter, crawl, download',
  ],
  ['crawl', 'no page to begin with; name one, for example chatbot-data crawl https://shop.example/faq'],
  [
    'crawl shop.example',
    '"shop.example" is not the address of a web page; it begins with https:// or http://',
  ],
  [
    'crawl file:///etc/passwd',
    '"file:///etc/passwd" is not the address of a web page; it begins with https:// or http://',
  ],
  [
    'crawl https://a:b@shop.example',
    'the address has a password in it; pages that need a login are not crawled',
  ],
  ['crawl https://a.example b', 'crawl does not take "b"; see chatbot-data crawl --help'],
  ['crawl https://a.example --dept 3', 'unknown flag --dept; did you mean --depth?'],
  [
    'crawl https://a.example --depth x',
    '--depth is "x" on the command line, but must be a whole number from 0 to 100',
  ],
  ['download corneli', 'there is no public corpus "corneli" in the list; did you mean cornell?'],
];
for (const [words, message] of refused)
  test(`exit 2 and one sentence: chatbot-data ${words}`, async () => {
    const { code, stdout, stderr } = await runHere(...words.split(' ').filter((word) => word !== ''));
    assert.deepEqual([stderr, stdout, code], [`error: ${message}\n`, '', 2]);
  });

test('the program exits with the code of its error, and reports it on stderr', () => {
  const { status, stdout, stderr } = run('crwal');
  assert.deepEqual(
    [stderr, stdout, status],
    ['error: "crwal" is not a command; did you mean crawl?\n', '', 2],
  );
});

test('download alone lists the corpora with their licences, without the network', () => {
  const { status, stdout } = run('download');
  assert.equal(status, 0);
  assert.match(stdout, /^kdconv +over 7\.0 MB +Chinese +Apache-2\.0$/m);
  const [first] = JSON.parse(run('download', '--json').stdout);
  assert.equal(first.name, 'cornell');
});
