import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AgentInfo } from '@bottega/schema';
import type { Services } from './services.js';

export const infoRoutes =
  ({ info }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/info', { schema: { response: { 200: AgentInfo } } }, () => info);
  };
