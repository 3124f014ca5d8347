// Prints the options table of README.md from the table that the program itself reads.
//   usage: npm run build && node scripts/options-table.mjs
import { defaultText, entriesOf, flagOf } from '../dist/src/config/option-spec.js';
import { trainOptions } from '../dist/src/config/train-options.js';

let group = '';
for (const [key, spec] of entriesOf(trainOptions)) {
  if (spec.group !== group) {
    group = spec.group;
    console.log(`\n| ${group} | default | |\n|---|---|---|`);
  }
  const flag = flagOf(trainOptions, key);
  const alias = spec.alias ? ` \`--${spec.alias}\`` : '';
  const usual = spec.type === 'switch' ? '' : (defaultText(spec) ?? '');
  const choices = spec.type === 'choice' ? ` One of ${spec.choices.join(', ')}.` : '';
  console.log(`| \`${flag}\`${alias} | ${usual} | ${spec.help.replaceAll('|', '\\|')}${choices} |`);
}
