// Sentences that have nothing in common. Each model has a scale of its own: one gives them cosines about 0, another about 0.8. What
// it gives them is the zero of the scale on which meanings are compared, so that thresholds fit every model.

import type { ByLanguage } from '../../language.js';

export const strangers: ByLanguage<readonly string[]> = {
  en: [
    'how do i change the tyre of my bicycle',
    'which river flows through vienna',
    'can you recommend a novel for a rainy evening',
    'what does the annual report say about taxes',
    'is this medicine safe for children',
    'when does the next train to the airport leave',
    'why do cats sleep so much',
    'how many eggs do i need for pancakes',
    'who won the match last night',
    'please reset my password',
    'does the apartment have a balcony',
    'what is the capital of peru',
  ],
  zh: [
    '自行车的轮胎怎么换',
    '哪条河流经维也纳',
    '下雨的晚上适合读什么小说',
    '年度报告里关于税收是怎么写的',
    '这种药给孩子吃安全吗',
    '下一班去机场的火车几点开',
    '猫为什么睡那么久',
    '做煎饼需要几个鸡蛋',
    '昨晚的比赛谁赢了',
    '请帮我重置密码',
    '这套公寓有阳台吗',
    '秘鲁的首都是哪里',
  ],
};

/** The mean cosine of two different sentences. @param vectors of length 1. */
export function meanCosine(vectors: readonly Float32Array[]): number {
  let sum = 0;
  let pairs = 0;
  for (const [place, one] of vectors.entries())
    for (const other of vectors.slice(0, place)) {
      sum += one.reduce((all, value, index) => all + value * (other[index] ?? 0), 0);
      pairs++;
    }
  return pairs === 0 ? 0 : sum / pairs;
}
