import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ValidateAnswer, ValidateRequest } from '@bottega/schema';
import { validateClusterSpec } from '@bottega/schema/validate';
import { resolveConfig } from '../runs/index.js';

export const validateRoutes = (): FastifyPluginAsyncTypebox => async app => {
  app.post(
    '/v1/validate',
    { schema: { body: ValidateRequest, response: { 200: ValidateAnswer } } },
    async ({ body: { text, what, folder, config_path } }) => {
      if (what === 'cluster') return { problems: validateClusterSpec(text).problems };
      return { problems: (await resolveConfig({ config: text, folder, config_path })).problems };
    }
  );
};
