import { Type, type TEnum } from 'typebox';

/** Milliseconds since the Unix epoch, with fractions. */
export const Time = Type.Number({ description: 'Milliseconds since the Unix epoch.' });

/** Ids are made by the caller, so that a retried request is never a second run. */
export const RunId = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{5,63}$',
  description: 'Made by the caller: 6 to 64 lowercase letters, digits and dashes.',
  errorMessage: 'A run id has 6 to 64 lowercase letters, digits and dashes.'
});

export const ClusterName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,39}$',
  description: 'Up to 40 lowercase letters, digits and dashes.',
  errorMessage: 'A cluster name has 1 to 40 lowercase letters, digits and dashes.'
});

/** A content address: the SHA-256 of the bytes, in hex. */
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, in hex.' });

/** A function or class in the person's own modules. */
export const DottedName = (what: string) =>
  Type.String({
    pattern: '^[A-Za-z_][\\w.]*:[A-Za-z_]\\w*$',
    description: `${what}, as \`module:name\` in the project folder.`,
    errorMessage: 'Write it as module:name, for example hooks:weighted_loss.'
  });

/** A closed list of words. */
export const oneOf = <const T extends string[]>(values: [...T], fallback: T[number], description: string): TEnum<T> =>
  Type.Enum(values, { default: fallback, description });
