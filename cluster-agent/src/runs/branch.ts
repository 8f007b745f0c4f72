import { hasEnded, type Branch, type Run, type RunConfig } from '@bottega/schema';
import { problemIn } from '@bottega/schema/validate';
import { BottegaError } from '../errors/index.js';
import type { Ledger } from '../ledger/index.js';

const KEY = 'resume_from_checkpoint';
const ORIGIN = /^([a-z0-9][a-z0-9-]{5,63})(?:\/checkpoint-(\d+))?$/;

/**
 * The checkpoint a run begins from; null when it begins anew, or from a path on the cluster that names no run. Throws
 * invalid_config for a checkpoint that cannot be there. `text` is the config as it was written.
 */
export const branchOf = (
  config: RunConfig,
  { config: text, cluster }: { config: string; cluster: string },
  ledger: Ledger
): Branch | null => {
  const wanted = config.kind === 'finetune' ? config.resume_from_checkpoint : undefined;
  if (wanted === undefined) return null;
  if (wanted.startsWith('/')) return namedIn(wanted, ledger);
  const [, id = '', step] = ORIGIN.exec(wanted) ?? [];
  const branch = { run: id, step: step === undefined ? null : Number(step) };
  const message = whyNot(wanted, branch, ledger.findRun(id), cluster, ledger);
  if (message === null) return branch;
  const problems = [problemIn(text, [KEY], message)];
  throw new BottegaError('invalid_config', message, { problems });
};

/** The run whose folder a path on the cluster leads through. What lies there only the engine can say. */
const namedIn = (path: string, ledger: Ledger): Branch | null => {
  const parts = path.split('/').filter(part => part !== '');
  const run = parts.findLast(part => ledger.findRun(part) !== null);
  const step = /^checkpoint-(\d+)$/.exec(parts.at(-1) ?? '')?.[1];
  return run === undefined ? null : { run, step: step === undefined ? null : Number(step) };
};

const whyNot = (
  wanted: string,
  { step }: Branch,
  origin: Run | null,
  cluster: string,
  ledger: Ledger
): string | null => {
  if (!origin) return `${KEY}: there is no run ${wanted.split('/')[0] ?? wanted}.`;
  if (origin.cluster !== cluster) {
    return `${KEY}: the run ${origin.name} is on the cluster ${origin.cluster}, not on ${cluster}.`;
  }
  // Where the log has a gap it may have told of any checkpoint.
  if (ledger.eventsOfType(origin.id, 'gap').length) return null;
  const steps = ledger
    .eventsOfType(origin.id, 'checkpoint')
    .filter(event => !event.final)
    .map(event => event.step);
  if (step !== null && !steps.includes(step)) {
    const others = steps.length ? `Complete are ${[...new Set(steps)].join(', ')}.` : 'It has none.';
    return `${KEY}: the run ${origin.name} has no complete checkpoint at step ${step}. ${others}`;
  }
  if (!steps.length && hasEnded(origin.state)) {
    return `${KEY}: the run ${origin.name} ended without a complete checkpoint.`;
  }
  return null;
};
