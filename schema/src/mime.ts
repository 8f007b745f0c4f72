import { Type, type Static } from 'typebox';
import { Run } from './run.js';

/** A run in a notebook output. The renderer follows it live; `run` is the frozen picture for when it cannot. */
export const RUN_MIME = 'application/vnd.bottega.run+json';
export const RunMime = Type.Object({
  version: Type.Literal(1),
  id: Run.properties.id,
  run: Run,
  taken: Type.Optional(Type.Number({ description: 'When the picture was taken, in milliseconds since the epoch.' }))
});
export type RunMime = Static<typeof RunMime>;
