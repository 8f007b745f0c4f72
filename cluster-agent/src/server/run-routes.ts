import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EventPage, ProfileRequest, RerunRequest, Run, RunId, RunPage, SubmitRequest } from '@bottega/schema';
import { Type } from 'typebox';
import type { Services } from './server.js';

const Identified = Type.Object({ id: RunId });
const EVENT_PAGE_BYTES = 4 * 1024 * 1024;

const RunQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
  before: Type.Optional(Type.String()),
  cluster: Type.Optional(Type.String()),
  filter: Type.Optional(Type.String({ description: 'A part of the name or of the id.' }))
});

const EventQuery = Type.Object({
  from: Type.Integer({ minimum: 1, default: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 })
});

export const runRoutes =
  ({ runs, ledger }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/runs', { schema: { querystring: RunQuery, response: { 200: RunPage } } }, ({ query }) =>
      runs.list({
        limit: query.limit,
        ...(query.before === undefined ? {} : { before: query.before }),
        ...(query.cluster === undefined ? {} : { cluster: query.cluster }),
        ...(query.filter === undefined ? {} : { text: query.filter })
      })
    );

    app.post('/v1/runs', { schema: { body: SubmitRequest, response: { 200: Run } } }, ({ body }) => runs.submit(body));

    app.get('/v1/runs/:id', { schema: { params: Identified, response: { 200: Run } } }, ({ params }) =>
      runs.get(params.id)
    );

    app.post('/v1/runs/:id/stop', { schema: { params: Identified, response: { 200: Run } } }, ({ params }) =>
      runs.stop(params.id)
    );

    app.post(
      '/v1/runs/:id/rerun',
      { schema: { params: Identified, body: RerunRequest, response: { 200: Run } } },
      ({ params, body }) => runs.rerun(params.id, body)
    );

    app.post(
      '/v1/runs/:id/profile',
      { schema: { params: Identified, body: ProfileRequest } },
      async ({ params, body }, reply) => {
        await runs.profile(params.id, body.steps);
        return reply.status(204).send();
      }
    );

    app.delete('/v1/runs/:id', { schema: { params: Identified } }, async ({ params }, reply) => {
      await runs.delete(params.id);
      return reply.status(204).send();
    });

    app.get(
      '/v1/runs/:id/events',
      { schema: { params: Identified, querystring: EventQuery, response: { 200: EventPage } } },
      ({ params, query }, reply) => {
        const { last_seq: lastSeq } = runs.get(params.id);
        const { texts } = ledger.eventTexts(params.id, query.from, query.limit, EVENT_PAGE_BYTES);
        // The events are JSON in the ledger already.
        const page = `{"events":[${texts.join(',')}],"last_seq":${lastSeq}}`;
        return reply
          .type('application/json')
          .serializer(String)
          .send(page as never) as never;
      }
    );
  };
