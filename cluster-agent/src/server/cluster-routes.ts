import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Cluster, ClusterName, UpRequest } from '@bottega/schema';
import { Type } from 'typebox';
import type { Services } from './services.js';

const Named = Type.Object({ name: ClusterName });

export const clusterRoutes =
  ({ clusters }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/clusters', { schema: { response: { 200: Type.Array(Cluster) } } }, () => clusters.list());

    app.post('/v1/clusters', { schema: { body: UpRequest, response: { 200: Cluster } } }, request =>
      clusters.up(request.body.spec)
    );

    app.post('/v1/clusters/:name/stop', { schema: { params: Named, response: { 200: Cluster } } }, request =>
      clusters.stop(request.params.name)
    );

    app.delete('/v1/clusters/:name', { schema: { params: Named } }, (request, reply) => {
      clusters.forget(request.params.name);
      return reply.status(204).send();
    });
  };
