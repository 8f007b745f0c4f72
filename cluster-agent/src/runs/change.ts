import { hasEnded, liveFields, type Run } from '@bottega/schema';
import { suggestion } from '@bottega/schema/validate';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';
import { requireConfig } from './resolve-config.js';

/**
 * Throws when a run cannot take these values: conflict when it is over, invalid_request for a field that is not live,
 * and invalid_config for what the config, with all changes until now, does not allow.
 */
export const checkChange = async (run: Run, values: Record<string, unknown>, ledger: Ledger): Promise<void> => {
  if (hasEnded(run.state)) {
    throw new BottegaError('conflict', `The run ${run.name} is over.`, {
      hint: 'Branch from one of its checkpoints with an edited config.'
    });
  }
  const live = liveFields(run.kind).map(({ key }) => key);
  if (!live.length) {
    throw new BottegaError('invalid_request', `A ${run.kind} run has no fields that can be changed while it goes on.`, {
      hint: 'Stop it and run it again.'
    });
  }
  const wrong = Object.keys(values).find(key => !live.includes(key));
  if (wrong !== undefined) {
    const near = suggestion(wrong, live);
    throw new BottegaError('invalid_request', `${wrong} cannot be changed while the run goes on.`, {
      hint: near === undefined ? `These can: ${live.join(', ')}.` : `Did you mean ${near}?`
    });
  }
  const before = ledger.eventsOfType(run.id, 'change').map(event => event.values);
  await requireConfig({ ...run, changes: [...before, values] });
};
