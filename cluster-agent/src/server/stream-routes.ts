import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Services } from './services.js';

export const streamRoutes =
  ({ stream }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/stream', { websocket: true, schema: { hide: true } }, (socket, request) =>
      stream.attach(socket, request.raw.socket)
    );
  };
