import { Type, type Static } from 'typebox';
import { RunId, Time } from './common.js';

/**
 * Something that takes space on a cluster. `run`: the folder of one run; `blobs`: contents of project folders that no
 * run needs any more (one thing for all of them); `tokens`: a token cache; `environment`: installed dependencies;
 * `resident`: a base model in memory.
 */
export const CachedThing = Type.Object({
  kind: Type.Enum(['run', 'blobs', 'tokens', 'environment', 'resident']),
  id: Type.String({ description: 'The run id, or the content address.' }),
  label: Type.String({ description: 'What a person knows it by.' }),
  size_bytes: Type.Integer(),
  last_used: Time,
  run: Type.Optional(RunId),
  is_needed: Type.Boolean({ description: 'Something that goes on uses it now; it cannot go.' })
});
export type CachedThing = Static<typeof CachedThing>;
