// Some 400 Chinese texts with and without personal data, made from patterns with a fixed seed. docs/preparing.md shows the figures.

import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import { Random } from '../../random.js';
import { isLuhn, weighted } from './checksums.js';
import { randomDigits } from './fakes.js';
import { findPersonal } from './find.js';
import { type StartedRecognizer, startRecognizer } from './recognizer.js';
import { recognizers } from './recognizers.js';

const random = new Random(2026);
const pick = (items: readonly string[]) => items[random.below(items.length)] ?? '';
const digits = (count: number) => randomDigits(count, random);
const two = (most: number) => String(1 + random.below(most)).padStart(2, '0');

const mobile = () => `1${pick(['38', '39', '50', '86', '77', '91'])}${digits(8)}`;
const landline = () => `${pick(['010', '021', '0755', '0571'])}-${2 + random.below(7)}${digits(7)}`;
const resident = () => {
  const start = `${pick(['110105', '310101', '440305', '510107'])}19${50 + random.below(50)}${two(12)}${two(28)}${digits(3)}`;
  const sum = weighted(start, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return start + '10X98765432'[sum % 11];
};
const bankCard = () => {
  const start = `622${digits(12)}`;
  return [...'0123456789'].map((last) => start + last).find(isLuhn) ?? '';
};
const plate = () => `${pick([...'京沪粤浙川'])}${pick([...'ABCDE'])}${pick([...'123456789'])}${digits(4)}`;
const account = () => `${pick(['zhang', 'li', 'xiao', 'wang'])}_${pick(['wei', 'hua', 'ming'])}${digits(3)}`;
const email = () =>
  `${pick(['zhangwei', 'lina', 'wang.fang'])}${digits(3)}@${pick(['qq.com', '163.com', 'example.cn'])}`;
const fullWidth = (text: string) =>
  [...text].map((one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0)).join('');

interface Kind {
  readonly entity: string;
  readonly make: () => string;
  readonly around: readonly (readonly [before: string, after: string])[];
}

const kinds: readonly Kind[] = [
  {
    entity: 'phone',
    make: mobile,
    around: [
      ['我的手机号是', '，有事打给我'],
      ['请拨打', ''],
      ['', '是我的电话'],
      ['你加我', '吧'],
    ],
  },
  {
    entity: 'phone',
    make: () => mobile().replace(/^(...)(....)/, '$1-$2-'),
    around: [
      ['手机', '，谢谢'],
      ['打', '找老李'],
    ],
  },
  {
    entity: 'phone',
    make: () => `+86 ${mobile()}`,
    around: [
      ['电话：', ''],
      ['从国外请打', ''],
    ],
  },
  {
    entity: 'phone',
    make: landline,
    around: [
      ['座机', ''],
      ['公司电话是', '，转前台'],
      ['热线', '全天开通'],
    ],
  },
  {
    entity: 'cn-id',
    make: resident,
    around: [
      ['身份证号', ''],
      ['我的证件号码是', '，请核对'],
      ['', '这个对吗'],
    ],
  },
  {
    entity: 'card',
    make: bankCard,
    around: [
      ['卡号', ''],
      ['请转到', '这张卡'],
      ['工商银行', '，户名见下'],
    ],
  },
  {
    entity: 'cn-plate',
    make: plate,
    around: [
      ['车牌', ''],
      ['我的车是', '，停在门口'],
      ['', '挡住我了'],
    ],
  },
  {
    entity: 'wechat',
    make: account,
    around: [
      ['加我微信：', ''],
      ['微信号是', '，备注一下'],
      ['微信', '就行'],
    ],
  },
  {
    entity: 'wechat',
    make: () => `${1 + random.below(9)}${digits(8)}`,
    around: [
      ['QQ：', ''],
      ['我的QQ号是', '，加一下'],
    ],
  },
  {
    entity: 'email',
    make: email,
    around: [
      ['发到', '谢谢'],
      ['邮箱：', '，收到请回复'],
      ['请联系', '。'],
    ],
  },
  {
    entity: 'secret',
    make: () => digits(6),
    around: [
      ['您的验证码是', '，请勿告诉他人'],
      ['验证码：', ''],
    ],
  },
  {
    entity: 'name',
    make: () => pick(['王芳', '李小明', '欧阳娜娜', '陈建国']),
    around: [
      ['你好，我叫', '，想咨询一下'],
      ['收件人：', '，请尽快'],
      ['姓名：', ''],
    ],
  },
];

const positives = kinds.flatMap(({ entity, make, around }) =>
  around.flatMap(([start, end]) =>
    Array.from({ length: 6 }, (_, index) => {
      const value = make();
      const isWide = index === 5 && /^\d+$/.test(value);
      return { text: `${start}${isWide ? fullWidth(value) : value}${end}`, entity, value };
    }),
  ),
);

const harmless: readonly (() => string)[] = [
  () => `订单号：${digits(12)}，麻烦查一下`,
  () => `订单号是1${pick(['38', '39', '50'])}${digits(8)}`,
  () => `快递单号 SF${digits(12)} 到哪了`,
  () => `运单号${digits(13)}一直没更新`,
  () => `一共${1 + random.below(9)}${digits(4)}.${digits(2)}元`,
  () => `这套房子要${1 + random.below(9)}${digits(6)}元`,
  () => `票房${1 + random.below(9)}${digits(8)}美元`,
  () => `${1990 + random.below(35)}年${1 + random.below(12)}月${1 + random.below(28)}日见`,
  () => `时间是20${digits(1)}${1 + random.below(9)}-${two(12)}-${two(28)} ${two(23)}:${two(59)}:${two(59)}`,
  () => `版本 ${random.below(20)}.${random.below(20)}.${random.below(20)}.${random.below(200)} 有问题`,
  () => `比分是${random.below(120)}比${random.below(120)}，第${1 + random.below(4)}节`,
  () => `型号 ${pick(['AX', 'BK', 'RT'])}${digits(6)} 有货吗`,
  () => `我住${1 + random.below(30)}栋${100 + random.below(900)}室`,
  () => `会员编号${digits(10)}过期了`,
  () => `坐G${digits(4)}次去北京，${1 + random.below(16)}车${two(18)}A`,
  () => `密码忘了怎么办，试了${1 + random.below(9)}次`,
  () => `用微信支付了${digits(3)}元`,
  () => `圆周率是3.14159265${digits(4)}`,
  () => `尺寸${digits(3)}*${digits(3)}*${digits(3)}毫米，重${digits(2)}公斤`,
  () => `我叫了${1 + random.below(9)}份外卖，还没到`,
];

const negatives = harmless.flatMap((make) => Array.from({ length: 10 }, make));

let started: StartedRecognizer[];
before(async () => {
  const options = { phoneRegions: ['US', 'GB', 'DE', 'FR', 'CN'] };
  started = await Promise.all(
    recognizers.filter(({ byDefault }) => byDefault).map((one) => startRecognizer(one, options)),
  );
});

it('finds the personal data in Chinese texts', () => {
  assert.ok(positives.length + negatives.length >= 380);
  const missed = positives.filter(
    ({ text, entity, value }) =>
      !findPersonal(text, started).some((found) => found.entity === entity && found.value === value),
  );
  assert.deepEqual(missed, []);
});

it('finds none where numbers mean something else', () => {
  const wrong = negatives.flatMap((text) =>
    findPersonal(text, started).map(({ entity, value }) => [text, entity, value]),
  );
  assert.deepEqual(wrong, []);
});
