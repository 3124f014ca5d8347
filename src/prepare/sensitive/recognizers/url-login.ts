// Addresses that hold a password or a token: whoever has the address can get in.

import type { Recognizer } from '../recognizer.js';

const characters = String.raw`[A-Za-z\d\-._~:/?#@!$&'()*+,;=%]`;
const inAuthority = String.raw`[A-Za-z\d\-._~!$&'()*+,;=%]`;

export const urlLogin: Recognizer = {
  entity: 'url-login',
  about: 'URLs with a password or a token in them',
  byDefault: true,
  digits: 0,
  forms: [
    {
      needs: '://',
      pattern: new RegExp(
        String.raw`(?<![A-Za-z\d])[A-Za-z][A-Za-z\d+.-]{1,15}://${inAuthority}{0,100}:${inAuthority}{1,200}@${characters}{1,500}`,
        'gu',
      ),
    },
    {
      needs: '://',
      pattern: new RegExp(
        String.raw`(?<![A-Za-z\d])https?://${characters}{1,500}[?&#](?:[a-z_-]{0,20}token|api_?key|key|sig|signature|secret|passw(?:or)?d|pwd|session(?:id)?|auth|code)=${characters}{4,1000}`,
        'giu',
      ),
    },
  ],
  fake: () => 'https://user:secret@example.com/',
  finds: [
    ['clone https://ann:s3cret@git.example.com/shop.git now', 'https://ann:s3cret@git.example.com/shop.git'],
    ['postgres://app:pw@10.0.0.5/db', 'postgres://app:pw@10.0.0.5/db'],
    [
      'reset here https://shop.example.com/reset?user=5&token=a8f5f167f44f',
      'https://shop.example.com/reset?user=5&token=a8f5f167f44f',
    ],
  ],
  passes: ['https://shop.example.com/shoes?size=42', 'https://example.com:8080/', 'see http://a.example/b'],
};
