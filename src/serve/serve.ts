// Opens what answers, listens, and stops without losing a reply. This file is the table of contents of the service.

import type { Server } from 'node:http';
import { basename } from 'node:path';
import { botParts, type OpenedBot, openBot } from '../bots/open-bot.js';
import type { ServeOptions } from '../config/serve-options.js';
import { UserError } from '../errors.js';
import { defaultSettings } from '../generate/settings.js';
import { option } from '../option-names.js';
import { buildApp } from './app.js';
import type { Engine } from './engine/engine.js';
import { ModelEngine } from './engine/model-engine.js';
import { EngineBot } from './engine-bot.js';
import { type ApiKey, apiKey } from './limits.js';
import { Metrics } from './metrics.js';
import { listenForMetrics } from './metrics-server.js';
import { folderFingerprint, ReloadingEngine } from './reloading-engine.js';
import type { Served, Service } from './service.js';
import { Talks } from './talks.js';

export interface ServeWatcher {
  note(text: string): void;
  /** Told of what no client is told. */
  report(thrown: unknown): void;
}

export interface RunningService {
  /** `http://127.0.0.1:8000`. */
  readonly address: string;
  /** Where /metrics is, if it has an address of its own. */
  readonly metricsAddress: string | null;
  /** Takes no new messages, lets running replies end for a while, and closes everything. */
  stop(): Promise<void>;
}

/** Conversations without a store are kept for the newest. */
const mostConversations = 10_000;

/** @throws UserError when a bot cannot be opened, the port cannot be used, or the options are not safe. */
export async function serve(options: ServeOptions, watcher: ServeWatcher): Promise<RunningService> {
  const keys = keysOf(options);
  refuseUnsafe(options, keys);
  const metrics = new Metrics();
  const opened = await openAll(options, watcher, metrics);
  const stopping = { since: null as number | null };
  const service: Service = {
    served: namedApart(opened.map(({ served }) => served)),
    keys: keys.length > 0 ? keys : null,
    perMinute: options.rateLimit,
    metrics,
    hidden: hiddenOf(options),
    origins: options.allowOrigin,
    embedders: options.allowEmbed,
    hosts: isLoopback(options.host) ? new Set(['localhost', '127.0.0.1', '[::1]', options.host]) : null,
    maxText: options.maxText,
    isStopping: () => stopping.since !== null,
    report: (thrown) => watcher.report(thrown),
  };
  const app = await buildApp(service);
  const closeAll = async () => {
    for (const { bot, served } of opened) {
      await served.engine?.close();
      await bot.close();
    }
  };
  try {
    const address = await app.listen({ host: options.host, port: options.port });
    const extra = await listenExtra(metrics, options);
    return {
      address,
      metricsAddress: addressOf(extra),
      stop: async () => {
        stopping.since = Date.now();
        const closed = app.close();
        await Promise.all(opened.map(({ served }) => served.engine?.drain(1000 * options.grace)));
        app.server.closeAllConnections();
        extra?.close();
        extra?.closeAllConnections();
        await closed;
        await closeAll();
      },
    };
  } catch (thrown) {
    await app.close();
    await closeAll();
    throw portError(thrown, options);
  }
}

/** @throws UserError when two answer under one name. */
function namedApart(all: readonly Served[]): Service['served'] {
  const [first, ...others] = all;
  if (first === undefined) throw new RangeError('nobody answers');
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) < index);
  if (twice)
    throw new UserError(
      'options-conflict',
      `two of the models are called ${twice.name}, as the last part of their paths; rename one of the folders`,
    );
  return [first, ...others];
}

interface OpenedPart {
  readonly bot: OpenedBot;
  readonly served: Served;
}

function keysOf({ apiKey: given }: ServeOptions): readonly ApiKey[] {
  const fromEnvironment = process.env.CHATBOT_API_KEY ?? '';
  return [...given, ...(fromEnvironment === '' ? [] : [fromEnvironment])].map(apiKey);
}

function addressOf(server: Server | null): string | null {
  const at = server?.address();
  if (!at || typeof at === 'string') return null;
  return `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`;
}

async function listenExtra(metrics: Metrics, options: ServeOptions): Promise<Server | null> {
  const { metricsPort, host } = options;
  if (!options.metrics || metricsPort === null) return null;
  try {
    return await listenForMetrics(metrics, host, metricsPort);
  } catch (thrown) {
    throw portError(thrown, { host, port: metricsPort });
  }
}

function hiddenOf({ docs, metrics, metricsPort }: ServeOptions): Service['hidden'] {
  const hidden = new Set<'docs' | 'metrics'>();
  if (!docs) hidden.add('docs');
  if (!metrics || metricsPort !== null) hidden.add('metrics');
  return hidden;
}

async function openAll(
  options: ServeOptions,
  watcher: ServeWatcher,
  metrics: Metrics,
): Promise<OpenedPart[]> {
  const { models, rules } = options;
  if (models.length === 0 && rules.length === 0)
    throw new UserError(
      'model-not-named',
      `nobody answers: name a model, such as results/mine, or a bot with ${option('rules', 'shop.db')}`,
    );
  const parts = botParts(rules);
  const opened: OpenedPart[] = [];
  try {
    for (const label of models.length > 0 ? models : [null])
      opened.push(await openOne(label, parts, options, watcher, metrics));
  } catch (thrown) {
    for (const { bot, served } of opened) {
      await served.engine?.close();
      await bot.close();
    }
    throw thrown;
  }
  return opened;
}

async function openOne(
  label: string | null,
  parts: ReturnType<typeof botParts>,
  options: ServeOptions,
  watcher: ServeWatcher,
  metrics: Metrics,
): Promise<OpenedPart> {
  const name = nameOf(label ?? parts.store ?? parts.file ?? 'bot');
  const onPass = (written: number) => {
    if (written > 0) metrics.observe('batch_size', { model: name }, written);
  };
  const open = (folder: string) => () =>
    new ModelEngine(folder, { ...engineOptions(options, watcher), onPass });
  const opened =
    label === null ? null : options.reload ? reloading(label, open(label), options, watcher) : open(label)();
  const engine = opened && metrics.measured(name, opened);
  const model = engine && new EngineBot(engine);
  try {
    const bot = await openBot(parts, {
      model,
      isStrict: true,
      keepDays: options.keepDays,
      mostConversations,
    });
    const talks = new Talks(name, bot.bot, bot.store, {
      settings: settingsOf(options),
      // Nobody could review what is kept in memory only.
      learning: parts.store === null ? 'off' : options.learning,
      onReply: (source) => metrics.count('replies_total', { model: name, source }),
    });
    return { bot, served: { name, talks, engine, since: Math.floor(Date.now() / 1000) } };
  } catch (thrown) {
    await engine?.close();
    throw thrown;
  }
}

/** How often a model's folder is looked at, in milliseconds. */
const reloadInterval = 2000;

function reloading(label: string, open: () => Engine, options: ServeOptions, { note }: ServeWatcher): Engine {
  const patience = 1000 * options.requestTimeout;
  const fingerprint = () => folderFingerprint(label);
  return new ReloadingEngine(label, { open, fingerprint, note, patience }).watch(reloadInterval);
}

function engineOptions(options: ServeOptions, watcher: ServeWatcher) {
  const { device, precision, threads, slots, maxQueue, queueTimeout, requestTimeout } = options;
  return {
    ...{ device, precision, threads, slots, maxQueue },
    ...{ queueTimeout: 1000 * queueTimeout, requestTimeout: 1000 * requestTimeout },
    onNote: (text: string) => watcher.note(text),
  };
}

function settingsOf(options: ServeOptions) {
  const { greedy, temperature, topK, topP, repetitionPenalty, noRepeatNgramSize, maxNewTokens } = options;
  return {
    ...defaultSettings,
    ...{ doSample: !greedy, temperature, topK, topP, repetitionPenalty, noRepeatNgramSize, maxNewTokens },
  };
}

/** The last part of a path or an address, without what may be secret in it. */
function nameOf(label: string): string {
  return basename((label.split('?', 1)[0] ?? '').replace(/(?<!\/)\/+$/, '')) || label;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function refuseUnsafe({ host, insecure }: ServeOptions, keys: readonly ApiKey[]): void {
  if (isLoopback(host) || insecure || keys.length > 0) return;
  throw new UserError(
    'options-conflict',
    `${option('host', host)} lets others reach the service: add ${option('apiKey')}, or ${option('insecure', true)} if everybody may talk`,
  );
}

function portError(thrown: unknown, { host, port }: Pick<ServeOptions, 'host' | 'port'>): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const why =
    code === 'EADDRINUSE'
      ? 'another program uses it'
      : code === 'EACCES'
        ? 'it needs other rights'
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
          ? 'this machine does not have that address'
          : null;
  if (why === null) return thrown;
  return new UserError(
    'port-unusable',
    `cannot listen on ${host}, port ${port}: ${why}; choose another ${option('port')}`,
  );
}
