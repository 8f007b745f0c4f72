import { BottegaError } from '../errors/index.js';
import type { JobState } from '../ray/index.js';

const TAIL = 6_000;

/** Why an engine ended while it started, in a sentence; the end of its log is in the details. */
export const engineFailure = (job: JobState | null, log: string): BottegaError => {
  const details = `${log.slice(-TAIL)}\n${job?.message ?? ''}`.trim();
  const missing = /ModuleNotFoundError: No module named '([\w.]+)'/.exec(log)?.[1];
  if (missing !== undefined) {
    return new BottegaError('engine_failed', `The Python of the cluster has no package ${missing}.`, {
      hint: 'Install the packages of the engine (requirements.lock) in the Python environment of the cluster.',
      details
    });
  }
  if (/python[\d.]*: (command )?not found/.test(log)) {
    return new BottegaError('engine_failed', 'The head of the cluster has no python on its PATH.', {
      hint: 'Start Ray from an activated Python environment.',
      details
    });
  }
  if (job === null) {
    return new BottegaError('engine_failed', 'Ray forgot the engine while it started.', { details });
  }
  return new BottegaError('engine_failed', 'The engine ended while it started.', {
    hint: 'The end of its log is in the details.',
    details
  });
};
