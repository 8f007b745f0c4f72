import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ENGINE_ANSWER_S, RunId } from '@bottega/schema';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { BottegaError } from '../errors/index.js';
import type { Services } from './services.js';

const asked = ['range', 'if-range', 'if-none-match', 'if-modified-since', 'accept-encoding'];
const told = [
  ...['content-type', 'content-length', 'content-range', 'content-encoding'],
  ...['accept-ranges', 'etag', 'last-modified']
];

/** What lies in the output folder of a run, streamed from the cluster as it is asked for. */
export const fileRoutes =
  ({ clusters, runs }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    const pass = async (id: string, path: string, request: FastifyRequest, reply: FastifyReply) => {
      const { engine } = clusters.session(runs.get(id).cluster);
      const gone = new AbortController();
      reply.raw.on('close', () => gone.abort());
      const headers = pick(request.headers, asked);
      const answer = await engine.open(`/v1/runs/${id}/${path}`, {
        headers,
        signal: gone.signal,
        timeoutMs: ENGINE_ANSWER_S.files * 1_000
      });
      // Whatever a run wrote is data: no browser is to guess that it is a page.
      return reply
        .status(answer.statusCode)
        .headers({ ...pick(answer.headers, told), 'x-content-type-options': 'nosniff' })
        .send(answer.body);
    };

    app.get(
      '/v1/runs/:id/files/*',
      { schema: { params: Type.Object({ id: RunId, '*': Type.String() }) } },
      (request, reply) => pass(request.params.id, `files/${encodePath(request.params['*'])}`, request, reply)
    );

    app.get(
      '/v1/runs/:id/traces/:name',
      { schema: { params: Type.Object({ id: RunId, name: Type.String() }) } },
      (request, reply) => pass(request.params.id, `traces/${encodeURIComponent(request.params.name)}`, request, reply)
    );
  };

const encodePath = (path: string): string => {
  const parts = path.split('/');
  if (parts.some(part => part === '..' || part === '.')) {
    throw new BottegaError('not_found', 'There is no such file in the output folder of the run.');
  }
  return parts.map(encodeURIComponent).join('/');
};

const pick = (headers: Record<string, string | string[] | undefined>, names: string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap(name => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    })
  );
