// Number plates of Chinese vehicles (GA 36-2018), those of electric ones included.

import { sameShape } from '../fakes.js';
import type { Recognizer } from '../recognizer.js';

const province = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼';

export const cnPlate: Recognizer = {
  entity: 'cn-plate',
  about: 'Chinese number plates',
  byDefault: true,
  digits: 2,
  forms: [
    {
      pattern: new RegExp(
        String.raw`[${province}][A-HJ-Z][·•.\- ]?(?:[DF][A-HJ-NP-Z\d]\d{4}|\d{5}[DF]|[A-HJ-NP-Z\d]{4}[A-HJ-NP-Z\d挂学警港澳])(?![A-Za-z\d])`,
        'giu',
      ),
      confirms: (value) => /\d.{0,4}\d/u.test(value),
    },
  ],
  fake: (random, value) => `${value[0]}A${value.length > 7 ? '·' : ''}${sameShape('00000', random)}`,
  finds: [
    ['车牌京A12345违停了', '京A12345'],
    ['粤B·D12345是新能源', '粤B·D12345'],
    ['沪AF12345', '沪AF12345'],
    ['川A8B9C2', '川A8B9C2'],
  ],
  passes: ['去京A座', '苏E品牌', '浙A组', '新A股涨了', '青A123'],
};
