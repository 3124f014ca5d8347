import assert from 'node:assert/strict';
import { it } from 'node:test';
import { guardedLookup, isPrivateAddress } from './private-address.js';

it('private addresses are known in IPv4, in IPv6 and in their mixtures', () => {
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::',
  ];
  for (const address of [...inside, 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '64:ff9b::10.0.0.1'])
    assert.equal(isPrivateAddress(address), true, address);
  for (const address of ['93.184.216.34', '172.32.0.1', '2606:2800:220:1::1', '::ffff:93.184.216.34'])
    assert.equal(isPrivateAddress(address), false, address);
});

/** Asks a lookup for one host several times, with other addresses behind its name each time. */
async function answers(...addresses: readonly string[]): Promise<string[]> {
  const left = [...addresses];
  const lookup = guardedLookup((_host, _options, done) => {
    const address = left.shift() ?? '';
    done(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  });
  const ask = () =>
    new Promise<string>((resolve) => {
      lookup('shop.example', {}, (error, address) => resolve(error?.code ?? String(address)));
    });
  const found: string[] = [];
  for (const _ of addresses) found.push(await ask());
  return found;
}

it('a public name may not lead to a private address later', async () =>
  assert.deepEqual(await answers('93.184.216.34', '127.0.0.1', '93.184.216.35'), [
    '93.184.216.34',
    'PRIVATE_ADDRESS',
    '93.184.216.35',
  ]));

it('a name that is private from the start is what the person means', async () =>
  assert.deepEqual(await answers('192.168.1.5', '192.168.1.5'), ['192.168.1.5', '192.168.1.5']));
