// Passport numbers of any country. They have no common form, so they only count directly after a cue.

import type { Recognizer } from '../recognizer.js';

export const passport: Recognizer = {
  entity: 'passport',
  about: 'passport and driving licence numbers, after a cue such as “passport no.” or 护照',
  byDefault: true,
  digits: 5,
  forms: [
    {
      pattern: /(?<![A-Za-z\d])(?=[A-Z\d]{0,8}\d)[A-Z]{0,3}\d{5,9}[A-Z]{0,2}(?![A-Za-z\d])/giu,
      cues: /(?:passport|护照|港澳通行证|台胞证|driver'?s licen[cs]e|driving licen[cs]e|驾驶证|驾照)(?:[^\n.。]|(?<=no)\.){0,24}$/iu,
    },
    {
      pattern: /(?<![A-Za-z\d])(?:E[A-HJ-NP-Z\d]|G|D|S|P)\d{7,8}(?![A-Za-z\d])/gu,
      cues: /(?:证件|通行证|旅行证)[^\n]{0,24}$/u,
    },
  ],
  finds: [
    ['我的护照号是E12345678', 'E12345678'],
    ['passport no. 123456789', '123456789'],
    ["driver's license number F1234567", 'F1234567'],
  ],
  passes: ['E12345678', 'my passport expired in 2024', 'passport photos cost 12 dollars'],
};
