import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import { formFor, problemsOf, specOf, type SpecForm } from './spec-form.js';

interface FormProps {
  trans: TranslationBundle;
  form: SpecForm;
  onChange: (form: SpecForm) => void;
}

/** The fields of a cluster spec, each with its problem beside it, and the YAML they make. */
export const StartForm = ({ trans, form, onChange }: FormProps): JSX.Element => {
  const problems = problemsOf(form);
  const set = (change: Partial<SpecForm>): void => onChange({ ...form, ...change });
  const field = (key: keyof SpecForm, path: string, label: string, hint: string): JSX.Element => (
    <Field label={label} problem={problems.find(problem => problem.path === path)?.message} isEmpty={!form[key]}>
      <input
        className="jp-mod-styled"
        value={form[key]}
        placeholder={hint}
        spellCheck={false}
        onChange={event => set({ [key]: event.target.value })}
      />
    </Field>
  );
  const choice = (provider: SpecForm['provider'], label: string, explanation: string): JSX.Element => (
    <label className="jp-BottegaChoice">
      <input
        type="radio"
        name="provider"
        checked={form.provider === provider}
        onChange={() => onChange(formFor(form, provider))}
      />
      <span>
        <strong>{label}</strong>
        <span>{explanation}</span>
      </span>
    </label>
  );
  return (
    <div className="jp-BottegaStartForm">
      {choice('local', trans.__('This machine'), trans.__('Starts Ray here; it stays up when you close the browser.'))}
      {choice(
        'existing',
        trans.__('A Ray cluster that already runs'),
        trans.__('It is used as it is; only the engine of Bottega is started on it.')
      )}
      {field('name', '/name', trans.__('Name'), trans.__('Lowercase letters, digits and dashes'))}
      {form.provider === 'local' ? (
        <>
          {field('cpus', '/cpus', trans.__('CPUs'), trans.__('All of this machine'))}
          {field('gpus', '/gpus', trans.__('GPUs'), trans.__('All of this machine'))}
        </>
      ) : (
        <>
          {field('address', '/address', trans.__('Dashboard address'), 'http://10.0.0.2:8265')}
          {field('tokenFile', '/token_file', trans.__('Token file'), trans.__('Only when it asks for one'))}
        </>
      )}
      {field(
        'idleStopMinutes',
        '/idle_stop_minutes',
        trans.__('Stop when idle for'),
        trans.__('Minutes; empty: never')
      )}
      <details className="jp-BottegaStartForm-yaml">
        <summary>{trans.__('The same as a file')}</summary>
        <pre>{specOf(form)}</pre>
      </details>
    </div>
  );
};

const Field = ({
  label,
  problem,
  isEmpty,
  children
}: {
  label: string;
  problem: string | undefined;
  /** What is still missing is no mistake. */
  isEmpty: boolean;
  children: ReactNode;
}): JSX.Element => (
  <label className="jp-BottegaField">
    <span>{label}</span>
    {children}
    <span className={`jp-BottegaField-problem${isEmpty ? ' jp-mod-missing' : ''}`} role="status">
      {problem}
    </span>
  </label>
);
