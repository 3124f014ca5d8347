// Addresses of the Internet Protocol, versions 4 and 6.

import { isIP } from 'node:net';
import type { Recognizer } from '../recognizer.js';

const notAddress = /(?:version|firmware|build|release|section|chapter|\bv|版本|固件|章|节|§)\s?[:.]?\s?$/iu;

/** Short forms such as `a::b` are more often code than addresses. */
function isLong(value: string): boolean {
  return isIP(value) === 6 && (value === '::1' || (value.replace(/:/g, '').length >= 5 && /\d/.test(value)));
}

export const ip: Recognizer = {
  entity: 'ip',
  about: 'IP addresses, versions 4 and 6',
  byDefault: true,
  digits: 1,
  forms: [
    {
      pattern:
        /(?<![A-Za-z\d]|[\d.]\.|\d,)(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![A-Za-z\d]|\.\d)/gu,
      unless: notAddress,
      confirms: (value) => isIP(value) === 4 && value !== '0.0.0.0',
    },
    {
      pattern:
        /(?<![A-Za-z\d:.])(?:[\dA-Fa-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[\dA-Fa-f]{1,4})(?![A-Za-z\d:]|\.\d)/gu,
      confirms: isLong,
    },
  ],
  finds: [
    ['ping 192.168.10.24, then reboot.', '192.168.10.24'],
    ['it is 2001:db8:85a3::8a2e:370:7334', '2001:db8:85a3::8a2e:370:7334'],
    ['服务器10.0.0.5挂了', '10.0.0.5'],
    ['http://203.0.113.9:8080/', '203.0.113.9'],
    ['::ffff:192.0.2.128', '::ffff:192.0.2.128'],
    ['the last is 8.8.4.4.', '8.8.4.4'],
  ],
  passes: [
    'version 1.2.3.4',
    '固件版本 10.2.0.1',
    '1.2.3',
    '300.1.1.1',
    '1.2.3.4.5',
    'at 12:30:45',
    'std::map',
    'v2.0.1.3',
  ],
};
