import type { TranslationBundle } from '@jupyterlab/translation';
import type { StartSegment } from '../live/index.js';

export const phaseWord = (trans: TranslationBundle, name: StartSegment['name']): string => {
  const words: Record<StartSegment['name'], string> = {
    sync: trans.__('sync'),
    seats: trans.__('seats'),
    environment: trans.__('packages'),
    base: trans.__('base model'),
    fork: trans.__('fork'),
    imports: trans.__('imports'),
    model: trans.__('model'),
    data: trans.__('data'),
    first_step: trans.__('first step'),
    first_line: trans.__('first line'),
    other: trans.__('between')
  };
  return words[name];
};

/** What happens in a phase, for who wonders why it takes so long. */
export const phaseMeaning = (trans: TranslationBundle, name: StartSegment['name']): string => {
  const words: Record<StartSegment['name'], string> = {
    sync: trans.__('Sends what changed in the project folder'),
    seats: trans.__('Reserves CPUs and GPUs on the cluster'),
    environment: trans.__('Installs the packages that the run asks for'),
    base: trans.__('Loads the base model into a process that stays for the next runs'),
    fork: trans.__('Forks the ranks from the process that has the libraries'),
    imports: trans.__('Imports your modules fresh'),
    model: trans.__('Loads the model'),
    data: trans.__('Reads and encodes the data'),
    first_step: trans.__('Computes the first step'),
    first_line: trans.__('Runs your script until it prints its first line'),
    other: trans.__('Time between two phases')
  };
  return words[name];
};
