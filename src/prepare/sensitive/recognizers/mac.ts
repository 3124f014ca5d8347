// Addresses of network devices (MAC, EUI-48).

import type { Recognizer } from '../recognizer.js';

export const mac: Recognizer = {
  entity: 'mac',
  about: 'MAC addresses of network devices',
  byDefault: true,
  digits: 0,
  forms: [
    {
      pattern:
        /(?<![\dA-Za-z:-])(?:[\dA-Fa-f]{2}(?::[\dA-Fa-f]{2}){5}|[\dA-Fa-f]{2}(?:-[\dA-Fa-f]{2}){5}|[\dA-Fa-f]{4}\.[\dA-Fa-f]{4}\.[\dA-Fa-f]{4})(?![\dA-Za-z:-])/gu,
      confirms: (value) => /[A-Fa-f]/.test(value) || value.includes(':'),
    },
  ],
  finds: [
    ['wifi 00:1A:2B:3C:4D:5E is blocked', '00:1A:2B:3C:4D:5E'],
    ['use 00-1a-2b-3c-4d-5e', '00-1a-2b-3c-4d-5e'],
    ['001a.2b3c.4d5e', '001a.2b3c.4d5e'],
  ],
  passes: ['00:1A:2B:3C:4D', '12-34-56-78-90-12', 'at 10:20:30', '00:1A:2B:3C:4D:5E:6F:70'],
};
