import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CleanupAnswer, CleanupRequest, Storage } from '@bottega/schema';
import type { Services } from './services.js';

export const storageRoutes =
  ({ retention }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/storage', { schema: { response: { 200: Storage } } }, () => retention.storage());

    app.post('/v1/cleanup', { schema: { body: CleanupRequest, response: { 200: CleanupAnswer } } }, ({ body }) =>
      retention.cleanUp(body)
    );
  };
