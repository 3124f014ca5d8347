// Names of accounts after the name of a service: WeChat, QQ, and others that people give to be reached.

import type { Recognizer } from '../recognizer.js';

export const wechat: Recognizer = {
  entity: 'wechat',
  about: 'accounts of WeChat and QQ, after a cue such as 微信号 or QQ',
  byDefault: true,
  digits: 0,
  forms: [
    {
      pattern:
        /(?:微信|威信|薇信|[wv]信|wechat|weixin|wx)\s?(?:号码|号|id|ID)?\s?(?:is|是|为|[:=])?\s?(?<value>[a-z][a-z\d_-]{5,19})(?![A-Za-z\d_-])/giu,
      confirms: (value) => /[\d_-]/.test(value) || /^wxid/i.test(value),
    },
    {
      pattern:
        /(?:微信号|wechat id|wechat)\s?(?:is|是|为|[:=])\s?(?<value>[a-z][a-z\d_-]{5,19})(?![A-Za-z\d_-])/giu,
    },
    { needs: '_', pattern: /(?<![A-Za-z\d_])wxid_[a-z\d]{10,30}(?![A-Za-z\d_])/giu },
    {
      digits: 6,
      pattern: /(?:微信|加我|vx|wx)\s?(?:号码|号)?\s?(?:是|为|[:=])?\s?(?<value>\d{6,10})(?![A-Za-z\d_-])/giu,
    },
    {
      digits: 5,
      pattern:
        /(?<![A-Za-z])(?:QQ|扣扣|企鹅)\s?(?:群号|群|号码|号)?\s?(?:is|是|为|[:=])?\s?(?<value>[1-9]\d{4,11})(?![A-Za-z\d])/giu,
    },
  ],
  finds: [
    ['加我微信：zhang_wei88', 'zhang_wei88'],
    ['我的微信号是lixiaoming', 'lixiaoming'],
    ['QQ：123456789，加一下', '123456789'],
    ['扣扣号是 88886666', '88886666'],
    ['wxid_a1b2c3d4e5f6', 'wxid_a1b2c3d4e5f6'],
  ],
  passes: ['我用微信支付', 'wechat message', '微信里有消息', 'QQ音乐很好', '12345 QQ', '微信 android 版'],
};
