// The public corpora that `chatbot-data download` knows: names, licences, addresses and checksums. Addresses lead to one fixed
// state of a file, so that a checksum stays right. A checksum is the SHA-256 of the file or, for files that were only listed
// where the table was made, git's SHA-1 of the file as a blob, which a commit fixes as well.

export interface PublicFile {
  /** Below the folder of the corpus. */
  readonly path: string;
  readonly url: string;
  /** Null if it is only known when the server is asked. */
  readonly bytes: number | null;
  /** SHA-256 (64 digits), or git's SHA-1 of the blob (40 digits). Null: the checksum of the first download is recorded. */
  readonly checksum: string | null;
}

export interface PublicCorpus {
  readonly name: string;
  /** What it is, for the list. */
  readonly title: string;
  readonly language: string;
  readonly licence: string;
  /** Where it is described. */
  readonly home: string;
  readonly files: readonly PublicFile[];
}

type Row = readonly [path: string, bytes: number | null, checksum: string];

/**
 * Files of a repository at one commit.
 * @param folder the part of the paths that the corpus leaves out.
 * @param rows a path that begins with a slash is outside of that folder.
 */
function github(repository: string, commit: string, folder: string, rows: readonly Row[]): PublicFile[] {
  return rows.map(([path, bytes, checksum]) => {
    const place = path.startsWith('/') ? path.slice(1) : folder + path;
    return {
      path: path.replace(/^\//, ''),
      url: `https://raw.githubusercontent.com/${repository}/${commit}/${place}`,
      bytes,
      checksum,
    };
  });
}

/** A file of a data set on the Hugging Face hub. */
function hub(dataset: string, commit: string, [path, bytes, checksum]: Row): PublicFile {
  return {
    path,
    url: `https://huggingface.co/datasets/${dataset}/resolve/${commit}/${path}`,
    bytes,
    checksum,
  };
}

export const publicCorpora: readonly PublicCorpus[] = [
  {
    name: 'cornell',
    title: 'Cornell Movie-Dialogs: conversations of film characters',
    language: 'English',
    licence: 'none stated; collected for research, the authors ask to be cited',
    home: 'https://www.cs.cornell.edu/~cristian/Cornell_Movie-Dialogs_Corpus.html',
    files: [
      {
        path: 'cornell_movie_dialogs_corpus.zip',
        url: 'https://www.cs.cornell.edu/~cristian/data/cornell_movie_dialogs_corpus.zip',
        bytes: null,
        checksum: '3bde8a571f615201bc2d2453e22878090719638592f774720eddec739de8c900',
      },
    ],
  },
  {
    name: 'oasst1',
    title: 'OpenAssistant Conversations: 10,364 trees of messages, ranked by people',
    language: '35 languages',
    licence: 'Apache-2.0',
    home: 'https://huggingface.co/datasets/OpenAssistant/oasst1',
    files: [
      hub('OpenAssistant/oasst1', 'fdf72ae0827c1cda404aff25b6603abec9e3399b', [
        '2023-04-12_oasst_ready.trees.jsonl.gz',
        34145252,
        '2a9a8fd343e9b28e04a895a669d3253f82d93e9c174d440199ae19d5fafbdff7',
      ]),
    ],
  },
  {
    name: 'dolly',
    title: 'Databricks Dolly: 15,011 instructions with answers',
    language: 'English',
    licence: 'CC BY-SA 3.0',
    home: 'https://huggingface.co/datasets/databricks/databricks-dolly-15k',
    files: [
      hub('databricks/databricks-dolly-15k', 'bdd27f4d94b9c1f951818a7da7fd7aeea5dbff1a', [
        'databricks-dolly-15k.jsonl',
        13085339,
        '2df9083338b4abd6bceb5635764dab5d833b393b55759dffb0959b6fcbf794ec',
      ]),
    ],
  },
  {
    name: 'topical-chat',
    title: 'Topical-Chat: conversations of two people about eight topics',
    language: 'English',
    licence: 'CDLA-Sharing-1.0',
    home: 'https://github.com/alexa/Topical-Chat',
    files: github('alexa/Topical-Chat', '7c939229cbcf6f55f6977b341a5a2f2fe982d53f', 'conversations/', [
      ['test_freq.json', 3806399, '3c65693d59e40a1fb58ead35dcfe85fbcc88ea93a4d74557df620996f72c8f08'],
      ['test_rare.json', 3787189, '4f21a18be16e310840280678e7bb4646852573b239b69183ddf8898f40119567'],
      ['train.json', null, 'b9d7bcbc71ce9a30dd681242c9b849edb3b54055'],
      ['valid_freq.json', 3785264, 'd14e8bde94fa5556d4aad8fd3fb666df674e4fef8b4193c8c3c06c72822a366b'],
      ['valid_rare.json', 3779017, 'b0f3c59584ea4ed61e368dc94feade6ba499a207a6437573b028d1f3ff918714'],
      ['/DATALICENSE', 11350, 'a08ff57744857367fb51f27a06c9877818a102692db72fbe06aaadec4d76e5f3'],
    ]),
  },
  {
    name: 'taskmaster-2',
    title: 'Taskmaster-2: 17,289 spoken dialogues with an assistant in seven domains',
    language: 'English',
    licence: 'CC BY 4.0',
    home: 'https://github.com/google-research-datasets/Taskmaster',
    files: github(
      'google-research-datasets/Taskmaster',
      'd92cb6af3005f1dc09c39e75e7daf4a04905e00b',
      'TM-2-2020/data/',
      [
        ['flights.json', null, '21c0317c583f3533e517a4e500aea7979de9e513'],
        ['food-ordering.json', null, '1637d76fc83ad7bd20814f8c11b9462c77af1cfc'],
        ['hotels.json', null, '5d68cd83f03a647b16b6c26dc298194b1532b99c'],
        ['movies.json', null, '4d0112272ce72d7b954f2a5a2a2b3d077513382c'],
        ['music.json', null, '0463a81fec65fe7a708384a1b0f8a29ed4530953'],
        ['restaurant-search.json', null, '1a82c985f43d0e2390b1049e279352c6e523ce4c'],
        ['sports.json', null, 'e61ae729224b24c3ab6c812473396a93c78d8c80'],
      ],
    ),
  },
  {
    name: 'kdconv',
    title: 'KdConv: conversations about films, music and travel',
    language: 'Chinese',
    licence: 'Apache-2.0',
    home: 'https://github.com/thu-coai/KdConv',
    files: github('thu-coai/KdConv', '653db76432de09a004ba708a68f8bbd5500e6bec', 'data/', [
      ['film/dev.json', 1363416, '2f156d8d34bdd3eac31c196772156d36e017f8cb2255a2c312bd98e367ed363e'],
      ['film/test.json', 1547354, '5ba2b79f9791bedbe5fe8a1bf5d7cbf277697743ee426ecd05459d9e28bcf21b'],
      ['film/train.json', null, '98674bde290888e9bb9246054fe1bf4596f660b0'],
      ['music/dev.json', 945559, 'ee34a4af167195db43fdcc910f8d125956222517f0572d248a069057493d557f'],
      ['music/test.json', 1148564, '46f048c5db9dde45127cf6630b2fa06b685be369b71c5bc2dc3022d3f4bbad65'],
      ['music/train.json', null, '6e341552529eb3003746c484ea1f30ca9d4070b3'],
      ['travel/dev.json', 904751, '8d1f31295888cf61eff398bab8aa042f7fccd04a088bd63c939f0b79625a9093'],
      ['travel/test.json', 1100567, '730426b0997b8375c8477c7e658c0ec645fced6ab8d546adda114b21cf30faac'],
      ['travel/train.json', null, '4ba46df59e88f300d0d6d71664c77a49e8461264'],
      ['/LICENSE', 11357, 'c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4'],
    ]),
  },
  {
    name: 'chatterbot-english',
    title: "ChatterBot's conversations, by topic",
    language: 'English',
    licence: 'BSD-3-Clause',
    home: 'https://github.com/gunthercox/chatterbot-corpus',
    files: github(
      'gunthercox/chatterbot-corpus',
      'a01efece26661309b870af0251d96f94ee09fb19',
      'chatterbot_corpus/data/english/',
      [
        ['ai.yml', 8340, '620a65787a56641db4a03e1419a7578e813967218cf6721e3ea4ef90844916aa'],
        ['botprofile.yml', 1385, '1a694c5288f3f8f87d027d2f98dae71d02efa88e28853a6e5d27e6dbce907294'],
        ['coding.yml', 64011, '0de8d7d7e6095164c59d7b0ef97c402c770c2d7982f485ab372dc6736c1a4e79'],
        ['computers.yml', 3744, 'a222c5a432efe4289e6c5edf1c3d99fd26c48df99db0ff893d1d5ab569f5b750'],
        ['conversations.yml', 4682, '1cf105b5802f377b2dc145f741f7df85629c9ca27e450538165286a75b5e3416'],
        ['emotion.yml', 10337, '510a018938c1880dd0f67e1ae458e26878c91a570daef5a84fb83713c89f0989'],
        ['food.yml', 1266, '68eab2497721d03044d520b70c27d8a0d8ba8e505b3265fb3a1ff3e1a64c7124'],
        ['gossip.yml', 2119, 'd6f1b1613ed70821fc1c427bdd00395f58b77ff57d76fbe4ab8cb2038cf15c9b'],
        ['greetings.yml', 1035, '0dd7eb8dcee8e2a38cd1a137bcfbd7f3eb732cddfa1bd396fac5a24b063a4d55'],
        ['health.yml', 201, 'eb88edc5302d688ca096374c7e3f5b9d7cd821f053a17d80204c4acdc20ea4f5'],
        ['history.yml', 795, '0ff4beeb6ef9b641dc12e1039a149c6a03eb8f2e183702fad2b0997fcc1d63e3'],
        ['humor.yml', 3522, 'd2aa03a63f0e8e054589f642788afbc41b8c76f5d734c50901a9a63b359ea06b'],
        ['literature.yml', 4077, '9361ff1478273d811259ca307a1e6be23a5e08e776a5bc5d9524fb13deb886f1'],
        ['money.yml', 2375, '2911d9766625ff5c2feb3d784f2951b2ebd5e9658547efce7568d0282c49274b'],
        ['movies.yml', 1387, '075ca9d91a527206c635c88bf0353323826a25a6f2057be1bc71888af389f842'],
        ['politics.yml', 1399, 'c436d5efedea6f715a8a811423a8edf396097771eb11e43b1f0a43a6aee7c2f0'],
        ['psychology.yml', 4227, '5047c211d35f715af4fbc3398f111135e99d34afcd0905a661c40bdeb1413a58'],
        ['science.yml', 2397, '3c259799bba36c67a1601fc264ec01ab051e9e63950734ce1ef644e022081fe7'],
        ['sports.yml', 2113, '8d1bcc632cad4058e3b8490daa15dcd7c2a51790a7b9140b252600b794590403'],
        ['tech_support.yml', 97407, '8a87cdf32579c8efdd9c5f3ef166ae9fb76dcf271b958f5e2265b9246b430655'],
        ['trivia.yml', 19836, '3a9de77e6d82803d1ea3eba48cf6543c884908f4c4f50501fed69f88112994dc'],
      ],
    ),
  },
  {
    name: 'chatterbot-chinese',
    title: "ChatterBot's conversations, by topic",
    language: 'Chinese',
    licence: 'BSD-3-Clause',
    home: 'https://github.com/gunthercox/chatterbot-corpus',
    files: github(
      'gunthercox/chatterbot-corpus',
      'a01efece26661309b870af0251d96f94ee09fb19',
      'chatterbot_corpus/data/chinese/',
      [
        ['ai.yml', 4206, '2bcf4865be21fe3617cc32bb6f7322e3b976fc367600c28c39f9d666713e26fc'],
        ['botprofile.yml', 587, '7e036208f4df2a873591c40f973a5c421a1676f9d6d36de2fd8bd3b7fed3f734'],
        ['conversations.yml', 3636, 'b689bacb7b35467c5340f18b32a363a3affb76747c0e6bba78c17bbd15fafb66'],
        ['emotion.yml', 2606, 'b49abd01b2102d187dbb0d83ad989115d641d9b6798fa098adde2e7922ea4dff'],
        ['food.yml', 493, '3d117953affeb6c62ab10ee2d9b58adabcef7b87e42c75afcb738e80b91ef702'],
        ['gossip.yml', 854, '5417ed7c694d4202e43be49fb7eb40aba81ec95f90115428adeaab6afe391002'],
        ['greetings.yml', 908, '3ee79c3f1c35af1022bf46049968ab22435044b3bc9a287d72c1733c05322329'],
        ['history.yml', 667, '1c54656a5c9054ab783f0f7ff903c0f1bf7d3e2b39f0daaeb0054a41ce24ef99'],
        ['humor.yml', 5994, 'c0b0b7a819d87e22d7ce4af11ffd8545692cfa7632bc66658a537db6ec22dc95'],
        ['literature.yml', 2127, '823ce961391461ddfbde987f766082d39cee02349fd6adc1e686b761eec9e9e1'],
        ['money.yml', 1974, '25b942878b8eed6fa3ef6a3cc3400323c5278dc37ee43c1ae31e818af6284574'],
        ['movies.yml', 1369, 'c047762ac4df1ce634efd00346c73076b1f66600f1e7fdabd6d96062eb8976df'],
        ['politics.yml', 993, 'c7b2b23eeacf1bbeeff5ce9a767b76e6c7df81068850b03d79a48f4064f5df97'],
        ['psychology.yml', 4938, '4ab365ccfc38b078269a75bbc7beb5a88bacad1340ee2cdb008924d8bcb4317e'],
        ['science.yml', 2483, '5491bac9e5a6deaece06138fc235e9387e26bb73730b32afe43b5f28fb79ba15'],
        ['sports.yml', 1559, '315658785fdefc6e15579d4c82971073a39dabe0ff9bf0b95ed10530dd206803'],
        ['trivia.yml', 916, '46c1f8bd45d3d3e0c7f7644e7a1d9f8f23d2ecdf7f57bcb0709b355eabd114f2'],
      ],
    ),
  },
  {
    name: 'synonyms-zh',
    title:
      'Chinese Open Wordnet: 42,300 sets of synonyms; no conversations, but words for variations of them',
    language: 'Chinese',
    licence: 'free with notice, like WordNet',
    home: 'https://github.com/omwn/omw-data',
    files: github('omwn/omw-data', 'f75be19ec590da12a7a5665e361690b5badb7a25', 'wns/cow/', [
      ['LICENSE', 1441, '81a3cb1f97e120581d67c71424f2de5dd96325d951f991e8a092147a2a4b2321'],
      ['wn-data-cmn.tab', 2547318, '379fd2e41d3e1395f9f27cf23a39c6181849ffb4020c14a07ed2a4d4dd651122'],
    ]),
  },
];
