// Prints an options table of README.md from the table that the program itself reads.
//   usage: npm run build && node scripts/options-table.mjs train|chat
import { chatOptions } from '../dist/src/config/chat-options.js';
import { trainOptions } from '../dist/src/config/train-options.js';
import { defaultText, entriesOf, flagOf } from '../dist/src/option-spec.js';

const tables = { train: trainOptions, chat: chatOptions };
const table = tables[process.argv[2]];
if (table === undefined) throw new Error(`name one of ${Object.keys(tables).join(', ')}`);

let group = '';
for (const [key, spec] of entriesOf(table)) {
  if (spec.group !== group) {
    group = spec.group;
    console.log(`\n| ${group} | default | |\n|---|---|---|`);
  }
  const flag = flagOf(table, key);
  const alias = spec.alias ? ` \`--${spec.alias}\`` : '';
  const usual = spec.type === 'switch' ? '' : (defaultText(spec) ?? '');
  const choices = spec.type === 'choice' ? ` One of ${spec.choices.join(', ')}.` : '';
  console.log(`| \`${flag}\`${alias} | ${usual} | ${spec.help.replaceAll('|', '\\|')}${choices} |`);
}
