// The forms of English words by rules and a list of exceptions, for make-synonyms.mjs. Tags: n, ns: noun, singular and plural;
// v, vs, vd, vn, vg: verb, as in "give gives gave given giving"; a: adjective; r: adverb; i: interjection.

const irregularVerbs = new Map(
  `be is was been being|become became become|begin began begun|bend bent bent|bite bit bitten|blow blew blown|break broke broken
  |bring brought brought|build built built|buy bought bought|catch caught caught|choose chose chosen|come came come|cost cost cost
  |cut cut cut|do did done|draw drew drawn|drink drank drunk|drive drove driven|eat ate eaten|fall fell fallen|feed fed fed
  |feel felt felt|fight fought fought|find found found|flee fled fled|fling flung flung|fly flew flown|forbid forbade forbidden
  |foresee foresaw foreseen|foretell foretold foretold|forget forgot forgotten|get got gotten|give gave given|go went gone
  |grow grew grown|have had had|hear heard heard|hide hid hidden|hit hit hit|hold held held|hurt hurt hurt|keep kept kept|know knew known
  |lay laid laid|lead led led|leave left left|lend lent lent|let let let|lose lost lost|make made made|mean meant meant
  |meet met met|mislay mislaid mislaid|pay paid paid|put put put|read read read|ride rode ridden|run ran run|say said said
  |see saw seen|sell sold sold|send sent sent|set set set|shake shook shaken|shut shut shut|sing sang sung|sit sat sat
  |sleep slept slept|speak spoke spoken|spend spent spent|split split split|spread spread spread|stand stood stood
  |steal stole stolen|strive strove striven|swim swam swum|take took taken|teach taught taught|tell told told
  |think thought thought|throw threw thrown|understand understood understood|wear wore worn|weep wept wept|win won won
  |write wrote written`
    .split('|')
    .map((line) => line.trim().split(' '))
    .map(([base, past, participle]) => [base, { past, participle }]),
);
irregularVerbs.set('be', { past: 'was', participle: 'been' });

/** Verbs of several syllables that double their last letter. */
const doubling = new Set(
  'abhor begin permit submit commit omit admit defer refer prefer forget regret equip'.split(' '),
);
const oneSyllable = /^[^aeiou]*(?:qu)?[aeiou][bdglmnprt]$/;

const irregularPlurals = new Map(
  Object.entries({
    child: 'children',
    person: 'people',
    man: 'men',
    woman: 'women',
    life: 'lives',
    wife: 'wives',
  }),
);

/** Nouns without a plural, or that are rarely counted. */
export const uncountable = new Set(
  `amazement ammo ammunition anger assistance astonishment baggage behavior booze bravery cloth conduct courage fabric freedom garbage
  grief happiness help info information joy liberty liquor luggage math mathematics maths matrimony midday misery motivation noon
  odor pay rage rubbish sadness sorrow suffering sunlight sunshine trash wealth weather fate destiny`.split(
    /\s+/,
  ),
);

/** Nouns that are plural without a singular. */
const pluralOnly = new Set('glasses pants spectacles trousers'.split(' '));

function withS(word) {
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${word}es`;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return `${word}s`;
}

function doubled(word) {
  return oneSyllable.test(word) || doubling.has(word) ? word + word.at(-1) : word;
}

function withEd(word) {
  if (word.endsWith('e')) return `${word}d`;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ied`;
  return `${doubled(word)}ed`;
}

function withIng(word) {
  if (word.endsWith('ie')) return `${word.slice(0, -2)}ying`;
  if (/[^eoy]e$/.test(word)) return `${word.slice(0, -1)}ing`;
  return `${doubled(word)}ing`;
}

/** @returns pairs of a tag and the form. */
export function formsOf(word, pos) {
  if (pos === 'a' || pos === 'r' || pos === 'i') return [[pos, word]];
  if (pos === 'n') {
    if (pluralOnly.has(word)) return [['ns', word]];
    if (uncountable.has(word)) return [['n', word]];
    return [
      ['n', word],
      ['ns', irregularPlurals.get(word) ?? withS(word)],
    ];
  }
  const { past, participle } = irregularVerbs.get(word) ?? { past: withEd(word), participle: withEd(word) };
  const third = { have: 'has', do: 'does', go: 'goes', be: 'is' }[word] ?? withS(word);
  return [
    ['v', word],
    ['vs', third],
    ['vd', past],
    ['vn', participle],
    ['vg', withIng(word)],
  ];
}
