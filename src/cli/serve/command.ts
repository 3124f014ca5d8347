// The `chatbot-serve` command: starts the service, says where it is, and stops it at a signal.

import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { type ServeOption, serveOptions } from '../../config/serve-options.js';
import { ExitCode, messageOf } from '../../errors.js';
import { messageLine } from '../../quote.js';
import { serve } from '../../serve/serve.js';
import { watchSignals } from '../signals.js';

export interface ServeTerminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * @returns the exit code, once the service has stopped.
 * @throws UserError for anything that a person can correct.
 */
export async function serveCommand(
  flags: GivenOptions<ServeOption>,
  { stdout, stderr }: ServeTerminal = process,
): Promise<number> {
  const options = completeOptions(serveOptions, [await givenByFile(flags), flags]);
  const say = (text: string) => {
    if (!options.quiet) stderr.write(`${messageLine(text)}\n`);
  };
  let stop: (signal: string) => void = () => {};
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const signals = watchSignals((signal) => stop(signal), ['SIGINT', 'SIGTERM', 'SIGHUP']);
  try {
    const service = await serve(options, {
      note: say,
      report: (thrown) =>
        stderr.write(`error: ${messageLine(messageOf(thrown))} (this is a bug in chatbot-serve)\n`),
    });
    if (options.insecure && options.apiKey.length === 0)
      say('warning: everybody who reaches this address can talk, because of --insecure');
    stdout.write(`${service.address}\n`);
    if (service.metricsAddress !== null) say(`metrics at ${service.metricsAddress}/metrics`);
    say(`${await stopped}: stopping; replies may end within ${options.grace} s`);
    await service.stop();
    return ExitCode.ok;
  } finally {
    signals.dispose();
  }
}

async function givenByFile(flags: GivenOptions<ServeOption>): Promise<GivenOptions<ServeOption>> {
  const path = flags.get('config')?.value;
  if (typeof path !== 'string') return new Map();
  const { readConfigOf } = await import('../../config/file.js');
  return readConfigOf(path, { table: serveOptions, command: 'chatbot-serve' });
}
