import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { LinePage, RunId, SearchPage, SearchQuery } from '@bottega/schema';
import { Type } from 'typebox';
import type { Services } from './services.js';

const Identified = Type.Object({ id: RunId });
const PAGE_BYTES = 4 * 1024 * 1024;

const LineQuery = Type.Object({
  from: Type.Integer({ minimum: 1, default: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: 5_000, default: 1_000 })
});

/** The output of a run by lines. */
export const lineRoutes =
  ({ ledger, searches }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    const numbered = async (id: string): Promise<void> => {
      ledger.run(id);
      while (ledger.numberLines(id)) await nextTurn();
    };

    app.get(
      '/v1/runs/:id/lines',
      { schema: { params: Identified, querystring: LineQuery, response: { 200: LinePage } } },
      async ({ params, query }) => {
        await numbered(params.id);
        return ledger.lines(params.id, query.from, query.limit, PAGE_BYTES);
      }
    );

    app.get(
      '/v1/runs/:id/search',
      { schema: { params: Identified, querystring: SearchQuery, response: { 200: SearchPage } } },
      async ({ params, query }, reply) => {
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        await numbered(params.id);
        return searches.search(params.id, query, gone.signal);
      }
    );
  };
