import { runConfigs, withChanges, withDefaults, type EventOf, type RunConfig } from '@bottega/schema';

/** A config as it is written: `kind` may stand in a file that it extends. */
type Written = { readonly kind?: unknown };

/** A config with the live fields that were changed since and every default, as the engine has it. */
export const configAfter = <C extends Written>(
  kind: RunConfig['kind'],
  written: C,
  changes: readonly Pick<EventOf<'change'>, 'values'>[]
): C =>
  withDefaults(
    runConfigs[kind],
    changes.map(({ values }) => values).reduce<Record<string, unknown>>(withChanges, { ...written, kind })
  ) as C;
