import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { downloadBlob } from './hub-download.js';

const scratch = mkdtempSync(join(tmpdir(), 'hub-download-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('downloadBlob', () => {
  it('stops when the time is up, although bytes still arrive, and continues from there later', async () => {
    const blobs = join(scratch, 'blobs');
    const content = Buffer.from('0123456789');
    const remote = {
      url: 'http://hub.invalid/file',
      size: content.length,
      hash: createHash('sha256').update(content).digest('hex'),
    };
    const tooLate = new AbortController();
    // This server sends one byte, and the next one only after the time is up.
    const dripping = new ReadableStream({
      start(controller) {
        controller.enqueue(content.subarray(0, 1));
        tooLate.signal.addEventListener('abort', () => controller.error(tooLate.signal.reason));
      },
    });
    const common = { retrySeconds: [0], onBytes: () => tooLate.abort() };
    await assert.rejects(
      downloadBlob(blobs, remote, {
        ...common,
        fetch: async () => new Response(dripping),
        signal: tooLate.signal,
      }),
      {
        name: 'UserError',
        message: /stopped after 1 of 10 bytes \(the download is too slow\); run the command/,
      },
    );
    const [partial = ''] = readdirSync(blobs);
    assert.equal(statSync(join(blobs, partial)).size, 1);
    const rest = new Response(content.subarray(1), {
      status: 206,
      headers: { 'content-range': 'bytes 1-9/10' },
    });
    const path = await downloadBlob(blobs, remote, {
      ...common,
      fetch: async () => rest,
      signal: new AbortController().signal,
    });
    assert.deepEqual(readFileSync(path), content);
    assert.deepEqual(readdirSync(blobs), [remote.hash]);
  });
});
