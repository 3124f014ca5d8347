// Keys, tokens and passwords. The forms of keys are those that their makers document for scanners.

import type { Recognizer } from '../recognizer.js';

const keys = [
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}', // Amazon Web Services
  'gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{50,255}', // GitHub
  'glpat-[A-Za-z0-9_-]{20,64}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250}', // Slack
  'sk-(?:proj-|ant-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,200}', // OpenAI, Anthropic, DeepSeek
  '[sr]k_(?:live|test)_[A-Za-z0-9]{16,99}', // Stripe
  'AIza[A-Za-z0-9_-]{35}|ya29\\.[A-Za-z0-9_-]{20,200}|GOCSPX-[A-Za-z0-9_-]{28}', // Google
  'hf_[A-Za-z]{30,40}', // Hugging Face
  'npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS[A-Za-z0-9_-]{50,200}', // npm, PyPI
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}', // SendGrid
  'S[KC][0-9a-f]{32}', // Twilio
  'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}', // Shopify
  'dop_v1_[a-f0-9]{64}', // DigitalOcean
  'LTAI[A-Za-z0-9]{12,26}', // Alibaba Cloud
  '\\d{8,10}:AA[A-Za-z0-9_-]{33}', // Telegram
  'eyJ[A-Za-z0-9_-]{10,500}\\.eyJ[A-Za-z0-9_-]{10,2000}(?:\\.[A-Za-z0-9_-]{10,1000})?', // JSON web tokens
].join('|');

const isMixed = (value: string) => /\d/.test(value) && /[A-Za-z]/.test(value);

export const secret: Recognizer = {
  entity: 'secret',
  about: 'keys, tokens, passwords and one-time codes',
  byDefault: true,
  digits: 0,
  forms: [
    { pattern: new RegExp(`(?<![A-Za-z0-9_-])(?:${keys})(?![A-Za-z0-9_-])`, 'gu') },
    { pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z\d+/=\s:,-]{1,10000}/gu },
    {
      pattern:
        /(?<![A-Za-z])(?:password|passwd|passcode|pwd|api[ _-]?key|secret[ _-]?key|access[ _-]?key|auth[ _-]?token|密码|口令|密钥)\s?[:=]\s?["'`]?(?<value>[A-Za-z\d!#$%&*+./:=?@^_~-]{4,128})/giu,
    },
    {
      pattern:
        /(?<![A-Za-z])(?:password|passcode|pwd|密码|口令)(?: for [a-z ]{1,30})?\s?(?:is|was|是|为|改成了?)\s?["'`]?(?<value>[A-Za-z\d!#$%&*+/:=?@^_~-]{4,128})/giu,
      confirms: (value) => /\d/.test(value),
    },
    { needs: 'Bearer', pattern: /\bBearer (?<value>[A-Za-z\d._~+/-]{16,1000}={0,2})/gu, confirms: isMixed },
    {
      digits: 3,
      pattern:
        /(?:验证码|校验码|动态码|verification code|security code|one-time (?:code|password|pin)|\botp|\bpin(?: code)?|\bcvv2?|\bcvc)\s?(?:is|was|是|为|[:=])?\s?(?<value>\d{3,8})(?![\d.,]\d|\d)/giu,
    },
  ],
  finds: [
    ['key AKIAIOSFODNN7EXAMPLE leaked', 'AKIAIOSFODNN7EXAMPLE'],
    ['my password is hunter22!', 'hunter22!'],
    ['密码：Abc12345，别告诉别人', 'Abc12345'],
    ['password: "correct-horse"', 'correct-horse'],
    ['您的验证码是483920，请勿泄露', '483920'],
    ['Authorization: Bearer abcdef0123456789abcdef', 'abcdef0123456789abcdef'],
    ['export OPENAI_API_KEY=sk-proj-abcdefghijklmnopqrstuvwx', 'sk-proj-abcdefghijklmnopqrstuvwx'],
  ],
  passes: [
    'I forgot my password',
    'the password is wrong',
    '密码是多少',
    'sk-8 boots',
    'task-force',
    'the pin fell 3 times',
    'Bearer of news',
  ],
};
