// A reporter for Node's test runner: one line of JSON for each test as it ends, so that results survive a time limit.
// Suites are not counted; their tests are. It needs before-each-test.ts.

import type { TestLine } from './step.js';

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly skip?: string | boolean;
    readonly details?: { readonly type?: string; readonly error?: Error };
  };
}

export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = data.details?.error;
    // A suite fails with its tests. One that fails by itself (in `before`) has no tests to report the failure.
    if (data.details?.type === 'suite' && !isOwnFailure(error)) continue;
    const cause = error?.cause;
    const message = cause instanceof Error ? cause.message : (error?.message ?? '');
    const line: TestLine = {
      test: data.name ?? '',
      outcome: type === 'test:fail' ? 'failed' : data.skip !== undefined ? 'skipped' : 'passed',
      ...(type === 'test:fail' ? { message: message.slice(0, 1000) } : {}),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

function isOwnFailure(error: Error | undefined): boolean {
  return error !== undefined && (error as { failureType?: string }).failureType !== 'subtestsFailed';
}
