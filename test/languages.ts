// Small talk in several languages, written for tests, and bytes of it in old encodings.

import { decoder, type Encoding } from '../src/corpus/encoding.js';

export const smallTalk = {
  simplified: [
    '你好，请问有什么可以帮您？',
    '我的订单三天前就发货了，怎么还没有到？',
    '请您稍等一下，我帮您查一查。',
    '好的，谢谢你！',
    '包裹现在在北京，明天上午应该能送到您家。',
    '今天晚上要不要一起去看电影？',
    '我不太想出门，外面下雨了。',
    '那我们在家里做饭吃吧，你想吃什么？',
    '昨天买的鱼还在冰箱里，可以做红烧鱼。',
    '他说这本书很有意思，但是我还没看完。',
  ],
  traditional: [
    '您好，請問有什麼可以為您服務的嗎？',
    '我上個星期買的外套太大了，可以換小一號的嗎？',
    '可以的，請把發票和商品一起寄回來。',
    '謝謝，運費是誰要付呢？',
    '如果是尺寸的問題，運費由我們負責。',
    '週末你打算做什麼？',
    '我想去海邊走走，聽說那裡的風景很美。',
    '記得帶傘，氣象報告說下午會下雨。',
    '這家店的牛肉麵真的很好吃，下次我們一起去。',
    '對不起，我現在沒有時間，晚一點再打電話給你。',
  ],
  japanese: [
    'こんにちは、ご注文についてのお問い合わせでしょうか？',
    'はい、昨日届いた荷物が壊れていました。',
    '大変申し訳ございません。写真を送っていただけますか？',
    '今から送ります。返品はできますか？',
    'もちろんです。三日以内に新しい商品をお届けします。',
    '週末は何をしていましたか？',
    '友だちと山に登って、温泉に入りました。',
    'いいですね！天気はどうでしたか？',
    '朝は曇っていたけれど、午後からよく晴れました。',
    'コーヒーとケーキをひとつずつお願いします。',
  ],
  korean: [
    '안녕하세요, 무엇을 도와드릴까요?',
    '지난주에 주문한 신발이 아직 도착하지 않았어요.',
    '주문 번호를 알려 주시면 바로 확인해 드리겠습니다.',
    '네, 잠시만요. 여기 있습니다.',
    '상품은 내일 오전에 배송될 예정입니다.',
    '이번 주말에 같이 영화 보러 갈래?',
    '미안, 토요일에는 가족과 약속이 있어.',
    '그럼 일요일은 어때? 날씨도 좋대.',
    '좋아, 점심 먹고 두 시에 만나자.',
    '어제 산 책이 정말 재미있어서 밤을 새웠어요.',
  ],
  russian: [
    'Здравствуйте, чем я могу вам помочь?',
    'Я заказал куртку неделю назад, но она ещё не пришла.',
    'Подождите, пожалуйста, я посмотрю, где ваш заказ.',
    'Спасибо, номер заказа у меня в письме.',
    'Посылка уже в Москве, её привезут завтра утром.',
    'Что ты делаешь сегодня вечером?',
    'Хочу остаться дома и посмотреть хороший фильм.',
    'Тогда я приду к тебе и принесу чай с печеньем.',
    'Вчера шёл сильный дождь, и мы никуда не пошли.',
    'Книга, которую ты мне дал, очень интересная.',
  ],
  western: [
    'Guten Tag, möchten Sie über die Lieferung sprechen?',
    'Ja, das Päckchen für meine Schwester ist noch nicht da.',
    'Où est-ce que vous avez passé commande, s’il vous plaît?',
    'Sur votre site, à la fin du mois d’août… C’était un cadeau de Noël!',
    '¿Cuánto cuesta el envío a España? — Cinco euros, señora.',
    'Então até amanhã, não se esqueça da sua irmã e do pão.',
    '“Das heißt, es gefällt dir?” – “Natürlich, und wie!”',
    'Il caffè è già pronto, però manca ancora lo zucchero.',
    'Det är fint väder i dag, så vi går på en lång promenad.',
    'Fünf Äpfel, bitte, und für 3 € Käse.',
  ],
} as const satisfies Record<string, readonly string[]>;

/** @throws Error for a character that the encoding does not have. */
export function encoded(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text);
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  const bytes = bytesOfCharacters(encoding);
  return Buffer.concat(
    [...text].map((character) => {
      const known = bytes.get(character);
      if (!known) throw new Error(`${encoding} has no ${character}`);
      return known;
    }),
  );
}

const known = new Map<Encoding, ReadonlyMap<string, Buffer>>();

/** Made by decoding all sequences of one and two bytes, each on a line. */
function bytesOfCharacters(encoding: Encoding): ReadonlyMap<string, Buffer> {
  const found = known.get(encoding);
  if (found) return found;
  const sequences = range(0, 0xff)
    .filter((byte) => byte !== lineFeed)
    .map((byte) => [byte]);
  for (const lead of range(0x81, 0xfe)) for (const trail of range(0x40, 0xfe)) sequences.push([lead, trail]);
  const { write, end } = decoder(encoding);
  const lines = (write(Buffer.from(sequences.flatMap((bytes) => [...bytes, lineFeed]))) + end()).split('\n');
  const characters = new Map<string, Buffer>([['\n', Buffer.of(lineFeed)]]);
  for (const [index, bytes] of sequences.entries()) {
    const [character = '', ...more] = lines[index] ?? '';
    if (more.length === 0 && !characters.has(character)) characters.set(character, Buffer.from(bytes));
  }
  known.set(encoding, characters);
  return characters;
}

const lineFeed = 0x0a;

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
