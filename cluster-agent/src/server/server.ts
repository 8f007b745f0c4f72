import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { BottegaError } from '../errors/index.js';
import { clusterRoutes } from './cluster-routes.js';
import { dashboardRoutes } from './dashboard-routes.js';
import { fileRoutes } from './file-routes.js';
import { infoRoutes } from './info-routes.js';
import { lineRoutes } from './line-routes.js';
import { runRoutes } from './run-routes.js';
import type { Services } from './services.js';
import { answerOf } from './status.js';
import { storageRoutes } from './storage-routes.js';
import { streamRoutes } from './stream-routes.js';
import { validateRoutes } from './validate-routes.js';

const BODY_BYTES = 4 * 1024 * 1024;
const FRAME_BYTES = 64 * 1024;

/** The agent's HTTP API. It listens on a unix socket alone, so nothing in it depends on Host or Origin. */
export const buildServer = async (services: Services): Promise<FastifyInstance> => {
  const app = Fastify({
    bodyLimit: BODY_BYTES,
    loggerInstance: services.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, strict: false, coerceTypes: true, useDefaults: true } }
  }).withTypeProvider<TypeBoxTypeProvider>();
  // The schemas are there for the documentation; answers are made of typed values and need no second filter.
  app.setSerializerCompiler(() => value => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error as Error);
    const { method } = request;
    const path = request.url.split('?')[0];
    if (status >= 500) services.log.error({ method, path, err: error }, 'request failed');
    void reply.status(status).send(body);
  });
  app.setNotFoundHandler(request => {
    throw new BottegaError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}.`);
  });
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Bottega agent', version: services.info.version } }
  });
  await app.register(websocket, { options: { maxPayload: FRAME_BYTES, perMessageDeflate: false } });
  await app.register(infoRoutes(services));
  await app.register(clusterRoutes(services));
  await app.register(dashboardRoutes(services));
  await app.register(validateRoutes());
  await app.register(runRoutes(services));
  await app.register(lineRoutes(services));
  await app.register(fileRoutes(services));
  await app.register(storageRoutes(services));
  await app.register(streamRoutes(services));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  return app;
};
