// Opens the two translators of a plan, and says what people should know about where their texts go.

import { clock } from '../../../collect/page.js';
import { UserError } from '../../../errors.js';
import { option } from '../../../option-names.js';
import { proxiesOf } from '../../../weights/hub-access.js';
import { fetchThrough } from '../../../weights/hub-fetch.js';
import type { BackTranslationPlan, TranslatorChoice } from './translation-plan.js';
import type { Translators } from './translator.js';

/**
 * @param note tells people something at once.
 * @param library the main file of Transformers.js; undefined for the one that is installed.
 * @throws UserError if one of them cannot be used.
 */
export async function openTranslators(
  { directions, translator, timeout }: BackTranslationPlan,
  note: (sentence: string) => void,
  library?: string,
): Promise<Translators> {
  switch (translator.kind) {
    case 'command': {
      const { commandTranslator } = await import('./command.js');
      const open = (way: 'there' | 'back') =>
        commandTranslator({ words: translator.words[way], silentSeconds: timeout, clock });
      return { there: open('there'), back: open('back') };
    }
    case 'endpoint': {
      const { endpointTranslator, endpointLimits } = await import('./endpoint.js');
      const isHere = isThisMachine(translator.url);
      // A proxy cannot reach what runs on this machine.
      const fetch = await fetchThrough(isHere ? null : proxiesOf(process.env), timeout);
      if (!isHere) for (const sentence of notesAbout(translator)) note(sentence);
      const limits = { ...endpointLimits, seconds: timeout };
      const open = (way: 'there' | 'back') =>
        endpointTranslator({ ...translator, direction: directions[way], fetch, clock, limits });
      return { there: open('there'), back: open('back') };
    }
    case 'model':
      return await models(translator, directions, library);
    default:
      return translator satisfies never;
  }
}

async function models(
  choice: Extract<TranslatorChoice, { kind: 'model' }>,
  directions: BackTranslationPlan['directions'],
  library: string | undefined,
): Promise<Translators> {
  const { transformersTranslator } = await import('./transformers.js');
  const { translationModelFolder } = await import('./translation-model-folder.js');
  const open = async (model: string, way: 'there' | 'back') =>
    transformersTranslator({
      folder: await translationModelFolder(model),
      direction: directions[way],
      ...(library !== undefined && { library }),
    });
  const there = await open(choice.there, 'there');
  if (choice.back === null && !there.isMultilingual) {
    await there.close();
    throw new UserError(
      'options-conflict',
      `the model ${choice.there} translates one way only; add ${option('translateBackModel')}, or write {from} and {to} in place of the languages`,
    );
  }
  try {
    return { there, back: await open(choice.back ?? choice.there, 'back') };
  } catch (thrown) {
    await there.close();
    throw thrown;
  }
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}

function notesAbout({ url, key }: Extract<TranslatorChoice, { kind: 'endpoint' }>): string[] {
  const notes = [
    `the texts of the corpus are sent to ${url.host}; redact personal data first with chatbot-data prepare ${option('redact', 'pii')}`,
  ];
  if (url.protocol === 'http:')
    notes.push(
      `the connection to ${url.host} is not encrypted, so others on the way can read the texts${key === null ? '' : ' and the key'}; use https if the server has it`,
    );
  return notes;
}
