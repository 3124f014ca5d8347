import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { crc32c, encodeRecord, scalarEvent, TensorBoardFile, versionEvent } from './tensorboard.js';

const scratch = mkdtempSync(join(tmpdir(), 'tensorboard-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('crc32c', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  const vectors: readonly (readonly [name: string, data: Uint8Array, crc: number])[] = [
    ['nothing', new Uint8Array(0), 0],
    ['"123456789"', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 bytes rising', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 bytes falling', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ];
  for (const [name, data, crc] of vectors)
    it(`is ${crc.toString(16)} for ${name}`, () => {
      assert.equal(crc32c(data), crc);
    });
});

// Bytes of tensorboard 2.21's own RecordWriter and protobuf messages.
describe('encodeRecord', () => {
  it('frames a version as the reference does', () => {
    assert.equal(
      hex(encodeRecord(versionEvent(1700000000.5))),
      '1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110',
    );
  });

  it('frames scalars as the reference does, NaN among them', () => {
    const event = scalarEvent(1700000000.5, 300, [
      { tag: 'train/loss', value: 2.5 },
      { tag: 'eval/loss', value: Number.NaN },
    ]);
    assert.equal(
      hex(encodeRecord(event)),
      '33000000000000000ca720560900002040fc54d94110ac022a250a110a0a747261696e2f6c6f737315000020400a100a09' +
        '6576616c2f6c6f7373150000c07f80ff6730',
    );
  });

  it('writes steps beyond 32 bits', () => {
    assert.equal(
      hex(encodeRecord(scalarEvent(1700000000.5, 2 ** 40, []))),
      '1200000000000000241f64250900002040fc54d941108080808080202a009db399f7',
    );
  });
});

describe('TensorBoardFile', () => {
  const record = (event: Uint8Array): string => hex(encodeRecord(event));

  function written(
    name: string,
    resumedAt: number | null,
  ): { readonly fileName: string; readonly bytes: string } {
    const folder = join(scratch, name);
    const file = new TensorBoardFile(folder, resumedAt, () => 1700000000.5);
    file.write({
      kind: 'step',
      step: 10,
      epoch: 0.5,
      loss: 2.5,
      learningRate: 5e-5,
      gradNorm: 0.75,
      tokensPerSecond: 1000,
      supervisedTokensPerSecond: 600,
    });
    file.write({ kind: 'checkpoint', step: 10, folder: 'checkpoint-10' });
    file.write({
      kind: 'evaluation',
      step: 10,
      epoch: 0.5,
      evalLoss: 2,
      perplexity: 7.5,
      seconds: 1,
      best: true,
      samples: [],
      exactMatch: { trained: { exact: 3, of: 4 }, heldOut: null },
    });
    file.close();
    const [fileName = '', ...others] = readdirSync(join(folder, 'runs'));
    assert.deepEqual(others, []);
    return { fileName, bytes: hex(readFileSync(join(folder, 'runs', fileName))) };
  }

  const events = [
    record(
      scalarEvent(1700000000.5, 10, [
        { tag: 'train/loss', value: 2.5 },
        { tag: 'train/learning_rate', value: 5e-5 },
        { tag: 'train/grad_norm', value: 0.75 },
        { tag: 'train/epoch', value: 0.5 },
        { tag: 'train/tokens_per_second', value: 1000 },
        { tag: 'train/supervised_tokens_per_second', value: 600 },
      ]),
    ),
    record(
      scalarEvent(1700000000.5, 10, [
        { tag: 'eval/loss', value: 2 },
        { tag: 'eval/perplexity', value: 7.5 },
        { tag: 'train/exact_match', value: 0.75 },
      ]),
    ),
  ];

  it('is named as TensorBoard looks for it', () => {
    assert.equal(
      written('named', null).fileName,
      `events.out.tfevents.1700000000.${hostname()}.${process.pid}.0`,
    );
  });

  it('holds the version, then the scalars of steps and evaluations under the tags of the Trainer', () => {
    assert.equal(written('new', null).bytes, [record(versionEvent(1700000000.5)), ...events].join(''));
  });

  it('voids the steps after the checkpoint of a resumed run', () => {
    // Event { wall_time: 1700000000.5, step: 11, session_log { status: START } }
    const restart = Buffer.from('0900002040fc54d941100b3a020801', 'hex');
    assert.equal(
      written('resumed', 10).bytes,
      [record(versionEvent(1700000000.5)), record(restart), ...events].join(''),
    );
  });
});
