import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  ChangeRequest,
  EventPage,
  KeepRequest,
  PreviousStart,
  ProfileRequest,
  RerunRequest,
  Run,
  RunId,
  RunPage,
  RunQuery,
  SubmitRequest
} from '@bottega/schema';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { joinEvents, type RunFilter } from '../ledger/index.js';
import type { Services } from './services.js';

const Identified = Type.Object({ id: RunId });
const EVENT_PAGE_BYTES = 4 * 1024 * 1024;

const EventQuery = Type.Object({
  from: Type.Integer({ minimum: 1, default: 1 }),
  limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 })
});

export const runRoutes =
  ({ runs, ledger }: Services): FastifyPluginAsyncTypebox =>
  async app => {
    app.get('/v1/runs', { schema: { querystring: RunQuery, response: { 200: RunPage } } }, ({ query }, reply) => {
      const { texts, next } = ledger.runTexts(filterOf(query));
      return sendJson(reply, `{"runs":[${texts.join(',')}],"next":${JSON.stringify(next)}}`);
    });

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

    app.post(
      '/v1/runs/:id/keep',
      { schema: { params: Identified, body: KeepRequest, response: { 200: Run } } },
      ({ params, body }) => runs.keep(params.id, body.is_kept)
    );

    app.patch(
      '/v1/runs/:id/config',
      { schema: { params: Identified, body: ChangeRequest } },
      async ({ params, body }, reply) => {
        await runs.change(params.id, body.values);
        return reply.status(204).send();
      }
    );

    app.get(
      '/v1/runs/:id/previous',
      { schema: { params: Identified, response: { 200: PreviousStart } } },
      ({ params }) => runs.previousStart(params.id)
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
        const { bodies } = ledger.eventBytes(params.id, query.from, query.limit, EVENT_PAGE_BYTES);
        return sendJson(reply, joinEvents('{"events":[', bodies, `],"last_seq":${lastSeq}}`));
      }
    );
  };

const filterOf = ({ filter, config_path: configPath, ...query }: RunQuery): RunFilter => ({
  ...query,
  ...(filter === undefined ? {} : { text: filter }),
  ...(configPath === undefined ? {} : { configPath })
});

/** Records and events are JSON in the ledger already. */
const sendJson = (reply: FastifyReply, json: string | Buffer): never =>
  reply.type('application/json').serializer(String).send(json) as never;
