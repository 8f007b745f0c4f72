import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ClusterName } from '@bottega/schema';
import { Type } from 'typebox';
import type { Services } from './services.js';

const Target = Type.Object({ name: ClusterName, '*': Type.String() });
const READ_ONLY = 'The Ray Dashboard can only be looked at here; nothing was changed.';

/** Ray Dashboards by cluster name, reads only. */
export const dashboardRoutes =
  ({ dashboard }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.route({
      method: ['GET', 'HEAD'],
      url: '/v1/clusters/:name/dashboard/*',
      schema: { params: Target, hide: true },
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        const { method, headers, params } = request;
        const asked = { cluster: params.name, method, headers, target: targetOf(request.url) };
        const answer = await dashboard.request(asked, gone.signal);
        return reply.status(answer.status).headers(answer.headers).send(answer.body);
      },
      wsHandler: (socket, request) =>
        dashboard.openSocket((request.params as { name: string }).name, targetOf(request.url), socket)
    });

    app.route({
      method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/v1/clusters/:name/dashboard/*',
      schema: { hide: true },
      // Refused before its body is looked at, whatever that is.
      onRequest: async (_request, reply) =>
        reply.status(405).header('allow', 'GET, HEAD').send({ code: 'invalid_request', message: READ_ONLY }),
      handler: () => undefined
    });
  };

/** Path and query behind `…/dashboard`, exactly as they were asked for. */
const targetOf = (url: string): string => url.replace(/^\/v1\/clusters\/[^/]+\/dashboard/, '');
