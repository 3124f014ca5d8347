// Words that are also names, and words that are no names where a name can stand.

/** English words that are given names or surnames too. In texts they are names only if they are written like names. */
export const alsoWords: ReadonlySet<string> = new Set(
  `amber angel art ash august autumn baker bay bell best bill black blue bob bond book brook brown buck bud bush candy carol
  carter case cash chance charity chase cherry chip christian church clay cliff cole constant cook cooper cross crystal daisy
  dale dawn day dean destiny don drew dusty earl early east eve faith fay fern fisher flint flora ford forest foster fox
  frank gale garden gene ginger glass glen gold good grace grant gray green grey guy hall harmony harry hart hazel heath
  heather hill holly honey hope house hunter iris ivy jack jade jay jean jerry jewel jim john joy june justice kelly king kit
  knight lake lane law lee levy light lily little london long love luck mark marsh mason max may mercy mike miles mill miller
  misty moon moss muse nick north olive page paige park parker parsons pat patience pearl penny pepper pierce piper poppy
  porter pot price prince pride queen rain ray red reed rich river rob robin rock rod rose ruby rusty sage sandy savage sea
  sharp short sky small smart smith snow spring star stark stone storm story street strong sue summer sun sunny swan sweet
  taylor temple terry tony town trip true tucker turner victor violet wade walker wall ward waters way weaver wells west
  white will winter wise wolf wood woods young`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Parts and roles that stand where speakers are named. */
export const notNames: ReadonlySet<string> = new Set(
  `admin administrator agent all and anonymous assistant baby bot chatbot chatgpt claude client customer dad daughter de dear
  del der desk doctor dr everybody everyone folks friend gpt group guest guys help helpdesk hello hi human i la leute mama
  madam manager me member miss mom mother mr mrs ms mum my none null office operator owner papa person prof sales server
  service shop sir son speaker staff store student support system teacher team the there together undefined unknown user van
  visitor von worker you
  客服 用户 顾客 客户 我 你 他 她 我们 系统 机器人 助手 管理员 店主 老板 老师 同学 匿名 群主 游客 小助手 妈妈 爸爸 妈 爸 哥哥 姐姐 弟弟 妹妹 老公 老婆`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** Surnames that begin most Chinese names. Those that are more often words are left out. */
export const chineseSurnames =
  '王李张刘陈杨赵黄周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁董余苏叶吕魏蒋田杜丁沈姜范傅钟卢汪戴崔任陆廖姚谭邹熊邱孟秦阎薛侯雷龙段郝孔邵史毛贺顾赖龚尹钱施洪汤陶黎温莫易樊乔文安殷颜庄章鲁倪庞邢俞翟蓝聂丘齐伍申詹焦柯柳骆葛尤岳梅辛耿管祝欧阳司马诸葛上官夏侯';
