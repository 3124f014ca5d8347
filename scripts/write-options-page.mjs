// Generates docs/options.md from the option tables of the programs. A test checks that the page is up to date.
//   usage: npm run build && node scripts/write-options-page.mjs [--print]
import { writeFileSync } from 'node:fs';
import { chatOptions } from '../dist/src/config/chat-options.js';
import { dataOptions } from '../dist/src/config/data-options.js';
import { rulesOptions } from '../dist/src/config/rules-options.js';
import { serveOptions } from '../dist/src/config/serve-options.js';
import { trainOptions } from '../dist/src/config/train-options.js';
import { defaultText, entriesOf, flagOf } from '../dist/src/option-spec.js';

function optionTables(table) {
  const lines = [];
  let group = '';
  for (const [key, spec] of entriesOf(table)) {
    if (spec.group !== group) {
      group = spec.group;
      lines.push('', `| ${group} | default | |`, '|---|---|---|');
    }
    const flag = flagOf(table, key);
    const alias = spec.alias ? ` \`--${spec.alias}\`` : '';
    const usual = spec.type === 'switch' ? '' : (defaultText(spec) ?? '');
    const choices = spec.type === 'choice' ? ` One of ${spec.choices.join(', ')}.` : '';
    lines.push(`| \`${flag}\`${alias} | ${usual} | ${spec.help.replaceAll('|', '\\|')}${choices} |`);
  }
  return lines.join('\n');
}

const page = `# Options

Every option of \`chatbot-train\` can also stand in a YAML or JSON file that \`--config\` names; flags win over the file.
[configs/quickstart.yaml](../configs/quickstart.yaml) is an example to copy. This page is generated from the tables that
\`--help\` prints: \`node scripts/write-options-page.mjs\`.

## chatbot-train

Names and defaults are those of Hugging Face's \`TrainingArguments\` where it has the option.
${optionTables(trainOptions)}

## chatbot-chat

Names are those of transformers' \`GenerationConfig\` where it has the option. Options that contradict each other are refused.
${optionTables(chatOptions)}

## chatbot-serve

[serve.md](serve.md) shows what it serves.
${optionTables(serveOptions)}

## chatbot-data inspect

[data.md](data.md#looking-at-a-corpus) shows what it prints.
${optionTables(dataOptions.inspect)}

## chatbot-data speakers
${optionTables(dataOptions.speakers)}

## chatbot-data convert
${optionTables(dataOptions.convert)}

## chatbot-data prepare

[preparing.md](preparing.md) shows what each rule does.
${optionTables(dataOptions.prepare)}

## chatbot-data augment

[preparing.md](preparing.md#augmenting) shows what each augmenter makes.
${optionTables(dataOptions.augment)}

## chatbot-data explain

[preparing.md](preparing.md#explaining-a-dialogue) shows what it prints.
${optionTables(dataOptions.explain)}

## chatbot-data forget

[preparing.md](preparing.md#forgetting-people) says what it changes.
${optionTables(dataOptions.forget)}

## chatbot-data train-filter

[preparing.md](preparing.md#unsafe-content) says what the filter is for.
${optionTables(dataOptions['train-filter'])}

## chatbot-data crawl

[collect.md](collect.md) describes what a crawl takes and what it leaves alone.
${optionTables(dataOptions.crawl)}

## chatbot-data download

[collect.md](collect.md) describes a download.
${optionTables(dataOptions.download)}

## chatbot-rules learn

[bots.md](bots.md) describes a bot and what it learns from.
${optionTables(rulesOptions.learn)}

## chatbot-rules remove
${optionTables(rulesOptions.remove)}

## chatbot-rules ask
${optionTables(rulesOptions.ask)}

## chatbot-rules test

[bots.md](bots.md#test-stories) describes a story.
${optionTables(rulesOptions.test)}

## chatbot-rules validate
${optionTables(rulesOptions.validate)}

## chatbot-rules review

[bots.md](bots.md#learning) describes what is reviewed.
${optionTables(rulesOptions.review)}

## chatbot-rules export
${optionTables(rulesOptions.export)}

## chatbot-rules stats
${optionTables(rulesOptions.stats)}

## chatbot-rules tune

[bots.md](bots.md#learned-answers) says what thresholds are for.
${optionTables(rulesOptions.tune)}

## chatbot-rules retrain

[bots.md](bots.md#into-the-model) says what is measured.
${optionTables(rulesOptions.retrain)}
`;
if (process.argv.includes('--print')) process.stdout.write(page);
else writeFileSync(new URL('../docs/options.md', import.meta.url), page);
