// All recognizers, the most certain first: where matches overlap, the first decides what they are. Options, reports and the
// table in docs/preparing.md derive from this list.

import type { Recognizer } from './recognizer.js';
import { auTfn } from './recognizers/au-tfn.js';
import { brCpf } from './recognizers/br-cpf.js';
import { caSin } from './recognizers/ca-sin.js';
import { card } from './recognizers/card.js';
import { chAhv } from './recognizers/ch-ahv.js';
import { cnCreditCode } from './recognizers/cn-credit-code.js';
import { cnId } from './recognizers/cn-id.js';
import { cnPlate } from './recognizers/cn-plate.js';
import { crypto } from './recognizers/crypto.js';
import { deIdCard } from './recognizers/de-id-card.js';
import { deTaxId } from './recognizers/de-tax-id.js';
import { email } from './recognizers/email.js';
import { esId } from './recognizers/es-id.js';
import { frNir } from './recognizers/fr-nir.js';
import { iban } from './recognizers/iban.js';
import { inId } from './recognizers/in-id.js';
import { ip } from './recognizers/ip.js';
import { itFiscalCode } from './recognizers/it-fiscal-code.js';
import { krRrn } from './recognizers/kr-rrn.js';
import { mac } from './recognizers/mac.js';
import { personName } from './recognizers/name.js';
import { nlBsn } from './recognizers/nl-bsn.js';
import { nordicId } from './recognizers/nordic-id.js';
import { passport } from './recognizers/passport.js';
import { phone } from './recognizers/phone.js';
import { plPesel } from './recognizers/pl-pesel.js';
import { secret } from './recognizers/secret.js';
import { sgNric } from './recognizers/sg-nric.js';
import { ukNhs } from './recognizers/uk-nhs.js';
import { ukNino } from './recognizers/uk-nino.js';
import { url } from './recognizers/url.js';
import { urlLogin } from './recognizers/url-login.js';
import { usBank } from './recognizers/us-bank.js';
import { usItin } from './recognizers/us-itin.js';
import { usSsn } from './recognizers/us-ssn.js';
import { wechat } from './recognizers/wechat.js';

export const recognizers: readonly Recognizer[] = [
  email,
  urlLogin,
  secret,
  iban,
  card,
  usSsn,
  usItin,
  cnId,
  cnCreditCode,
  frNir,
  chAhv,
  itFiscalCode,
  krRrn,
  nordicId,
  brCpf,
  esId,
  inId,
  sgNric,
  ukNino,
  ukNhs,
  deTaxId,
  deIdCard,
  nlBsn,
  plPesel,
  caSin,
  auTfn,
  usBank,
  passport,
  wechat,
  cnPlate,
  mac,
  ip,
  crypto,
  phone,
  url,
  personName,
];
