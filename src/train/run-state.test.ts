import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readState, stateFileName } from './run-state.js';

const scratch = mkdtempSync(join(tmpdir(), 'run-state-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('readState', () => {
  const path = join(scratch, stateFileName);

  it('takes a checkpoint of the Hugging Face Trainer for what it is, and says how to use it', () => {
    writeFileSync(
      path,
      JSON.stringify({ global_step: 500, epoch: 1, log_history: [], stateful_callbacks: {} }),
    );
    assert.throws(() => readState(path), {
      name: 'UserError',
      message: `cannot resume: ${scratch} is a checkpoint of the Hugging Face Trainer, whose optimizer state cannot be read here; use model: '${scratch}' to start a new run with its weights`,
    });
  });

  it('refuses any other file, naming what is missing', () => {
    writeFileSync(path, '{"global_step": 500}');
    assert.throws(() => readState(path), /was not written by chatbot-train \(\w+: /);
  });
});
