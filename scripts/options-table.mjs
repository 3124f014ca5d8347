// Prints the options table of README.md from the table that the program itself reads.
//   usage: npm run build && node scripts/options-table.mjs
import { defaultText, flagOf, optionEntries } from '../dist/src/config/options.js';

let group = '';
for (const [key, spec] of optionEntries) {
  if (spec.group !== group) {
    group = spec.group;
    console.log(`\n| ${group} | default | |\n|---|---|---|`);
  }
  const flag = flagOf(key);
  const alias = spec.alias ? ` \`--${spec.alias}\`` : '';
  const usual = spec.type === 'switch' ? '' : (defaultText(spec) ?? '');
  const choices = spec.type === 'choice' ? ` One of ${spec.choices.join(', ')}.` : '';
  console.log(`| \`${flag}\`${alias} | ${usual} | ${spec.help.replaceAll('|', '\\|')}${choices} |`);
}
