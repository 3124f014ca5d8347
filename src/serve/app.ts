// The service as an HTTP application: what every request goes through, and its routes. It listens nowhere, so tests can ask it
// without a port.

import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { quoted } from '../quote.js';
import {
  dialectOf,
  errorBody,
  faultOf,
  type HttpFault,
  httpFault,
  retryHeaders,
  statusIn,
} from './http-error.js';
import { knownKey, RateLimit } from './limits.js';
import { addChatRoute } from './routes/chat.js';
import { addFeedbackRoute } from './routes/feedback.js';
import { addHealthRoutes } from './routes/health.js';
import { addMetricsRoute, countRequests } from './routes/metrics.js';
import { addModelRoutes } from './routes/models.js';
import { addOllamaRoutes } from './routes/ollama.js';
import { addOpenAiChatRoute } from './routes/openai-chat.js';
import { addCompletionsRoute } from './routes/openai-completions.js';
import { addPageRoutes } from './routes/page.js';
import type { Service } from './service.js';

/** Bytes of a body. */
const largestBody = 64 * 1024;

/** How long a connection may take, in milliseconds. */
export interface Timeouts {
  /** To send its headers. */
  readonly headers: number;
  /** To send a whole request. */
  readonly request: number;
  /** Between two looks at all connections. */
  readonly check: number;
}

const defaultTimeouts: Timeouts = { headers: 10_000, request: 20_000, check: 1000 };

export async function buildApp(
  service: Service,
  timeouts: Timeouts = defaultTimeouts,
): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: largestBody,
    // A connection that sends slowly holds nothing for long.
    connectionTimeout: 0,
    requestTimeout: timeouts.request,
    http: { headersTimeout: timeouts.headers, connectionsCheckingInterval: timeouts.check },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300 },
  });
  const limit = new RateLimit();
  acceptAnyJson(app);
  countRequests(app, service);
  app.addHook('onRequest', async (request, reply) => admit(service, limit, request, reply));
  app.setNotFoundHandler(async (request, reply) => {
    const message = `there is no ${request.method} ${quoted(request.url.slice(0, 200))}`;
    return refuse(request, reply, faultOf(404, message, 'route-unknown'));
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(thrown)) return invalid(request, reply, thrown.validation);
    const fault = httpFault(thrown);
    if (fault.code === 'unexpected') service.report(thrown);
    if (fault.status === 429 || fault.status === 503)
      service.metrics.count('request_rejected_total', { reason: fault.code });
    return refuse(request, reply, fault);
  });
  await app.register(fastifySwagger, {
    openapi: { info: { title: 'chatbot-serve', description: 'A chatbot over HTTP.', version: '1' } },
    transform: jsonSchemaTransform,
  });
  // Plugins bring schemas of another kind, so ours are compiled in a scope of their own.
  await app.register(async (scope) => {
    scope.setValidatorCompiler(validatorCompiler);
    scope.setSerializerCompiler(serializerCompiler);
    addChatRoute(scope, service);
    addFeedbackRoute(scope, service);
    addHealthRoutes(scope, service);
    addModelRoutes(scope, service);
    addOpenAiChatRoute(scope, service);
    addCompletionsRoute(scope, service);
    addOllamaRoutes(scope, service);
    if (!service.hidden.has('metrics')) addMetricsRoute(scope, service);
    await addPageRoutes(scope, service);
  });
  if (service.hidden.has('docs')) return app;
  await app.register(fastifySwaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  return app;
}

/** `curl -d` and some clients send JSON as something else. */
function acceptAnyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(String(body)));
    } catch {
      done(Object.assign(new Error('the body is not JSON'), { statusCode: 400 }));
    }
  });
}

/** Lets a request in, or answers it. */
function admit(
  service: Service,
  limit: RateLimit,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const { origin, host = '' } = request.headers;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  // A foreign page whose name was made to mean this machine must not reach a service that listens only here.
  if (service.hosts && !service.hosts.has(name))
    return refuse(
      request,
      reply,
      faultOf(403, `this service is not known as ${quoted(name.slice(0, 100))}`, 'host-unknown'),
    );
  if (origin !== undefined && service.origins.includes(origin)) {
    reply.headers({ 'access-control-allow-origin': origin, vary: 'origin' });
    if (request.method === 'OPTIONS')
      return reply
        .headers({
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'content-type, authorization',
        })
        .code(204)
        .send();
  }
  const key = service.keys && knownKey(service.keys, keyOf(request));
  if (service.keys && key === null && needsKey(request)) {
    const message = 'an API key is needed, as the header "Authorization: Bearer KEY"';
    reply.header('www-authenticate', 'Bearer');
    return refuse(request, reply, faultOf(401, message, 'invalid-api-key'));
  }
  const perMinute = key?.perMinute ?? service.perMinute;
  if (perMinute !== null && request.method === 'POST')
    limit.ask(key ? `key ${key.digest.toString('hex')}` : `address ${request.ip}`, perMinute);
  return undefined;
}

/** By the route and not by the address, which can be spelt in many ways. */
function needsKey({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config?.isOpen !== true;
}

function keyOf({ headers }: FastifyRequest): string {
  return /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** A body with mistakes: FastAPI's words for our own routes, OpenAI's and Ollama's for theirs. */
function invalid(
  request: FastifyRequest,
  reply: FastifyReply,
  validation: readonly {
    readonly instancePath?: string;
    readonly message?: string;
    readonly keyword?: string;
  }[],
): FastifyReply {
  const detail = validation.map(({ instancePath = '', message = 'invalid', keyword = 'value_error' }) => ({
    loc: ['body', ...instancePath.split('/').filter((part) => part !== '')],
    msg: message,
    type: keyword,
  }));
  const [first] = detail;
  const param = first?.loc.slice(1).join('.') || null;
  const message = `${param ?? 'the body'}: ${first?.msg ?? 'invalid'}`;
  const status = dialectOf(request.url) === 'own' ? 422 : 400;
  return refuse(request, reply, faultOf(status, message, 'request-invalid', { param }), detail);
}

function refuse(
  { url }: FastifyRequest,
  reply: FastifyReply,
  fault: HttpFault,
  detail?: readonly object[],
): FastifyReply {
  const dialect = dialectOf(url);
  return reply
    .code(statusIn(dialect, fault))
    .headers(retryHeaders(fault))
    .send(errorBody(dialect, fault, detail));
}
