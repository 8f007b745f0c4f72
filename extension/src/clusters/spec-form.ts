import type { Problem } from '@bottega/schema';
import { validateClusterSpec } from '@bottega/schema/validate';
import { stringify } from 'yaml';

/** What a person has typed into the start dialog. */
export interface SpecForm {
  provider: 'local' | 'existing';
  name: string;
  cpus: string;
  gpus: string;
  address: string;
  tokenFile: string;
  idleStopMinutes: string;
}

export const emptyForm: SpecForm = {
  provider: 'local',
  name: 'local',
  cpus: '',
  gpus: '',
  address: '',
  tokenFile: '',
  idleStopMinutes: ''
};

/** The form for another provider. The name follows the choice until the person has changed it. */
export const formFor = (form: SpecForm, provider: SpecForm['provider']): SpecForm => {
  const usual = { local: 'local', existing: 'team' };
  return { ...form, provider, name: form.name === usual[form.provider] ? usual[provider] : form.name };
};

/** The cluster spec of a form, in YAML. Fields that are empty are left to their defaults. */
export const specOf = (form: SpecForm): string => {
  const local = { cpus: number(form.cpus), gpus: number(form.gpus) };
  const existing = { address: form.address, token_file: form.tokenFile || undefined };
  return stringify({
    provider: form.provider,
    name: form.name,
    ...(form.provider === 'local' ? local : existing),
    idle_stop_minutes: number(form.idleStopMinutes)
  });
};

/** Text that is no number stays text, so that the schema says what is wrong with it. */
const number = (text: string): number | string | undefined => {
  const trimmed = text.trim();
  if (!trimmed) return undefined;
  return Number.isNaN(Number(trimmed)) ? trimmed : Number(trimmed);
};

export const problemsOf = (form: SpecForm): Problem[] => validateClusterSpec(specOf(form)).problems;
