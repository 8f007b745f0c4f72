import type { Run } from '@bottega/schema';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useId, useMemo, useRef, useState, type FormEvent } from 'react';
import type { IBottega } from '../../agent/index.js';
import { Button, formatCount, useReturnFocus } from '../../state/index.js';
import { valueText, type LiveRun } from '../live/index.js';
import { ChangeInput } from './change-input.js';
import { changeFields, draftOf, editsOf, problemsByField, type Draft } from './change-fields.js';
import type { LiveChange } from './use-change.js';
import { useWholeConfig } from './use-whole-config.js';

interface ChangeFormProps {
  trans: TranslationBundle;
  bottega: IBottega;
  contents: Contents.IManager;
  live: LiveRun;
  run: Run;
  change: LiveChange;
}

/** The live fields of a run with what they are now; only what a person edits is sent. */
export const ChangeForm = ({ trans, bottega, contents, live, run, change }: ChangeFormProps): JSX.Element => {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  useReturnFocus(form);
  const { config, isPartial } = useWholeConfig(bottega, contents, run);
  const fields = useMemo(() => changeFields(config, live.changes), [config, live.changes.length]);
  const [draft, setDraft] = useState<Draft>(new Map());
  const { values, errors } = editsOf(fields, draft);
  const problems = problemsByField(fields, change.error?.problems ?? []);
  const edited = Object.keys(values);
  const reason = reasonOf(trans, change, errors.size > 0, edited.length > 0);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (reason === undefined) change.send(values);
  };
  const saidOf = (key: string): string | undefined => {
    const error = errors.get(key);
    if (error === 'integer') return trans.__('Write whole numbers.');
    return error ? trans.__('Write a number, 1e-4 for example.') : problems.get(key);
  };
  return (
    <form
      ref={form}
      className="jp-BottegaChange"
      aria-label={trans.__('Change the run')}
      onSubmit={submit}
      onKeyDown={event => {
        if (event.key === 'Escape') change.open(false);
      }}
    >
      <div className="jp-BottegaChange-head">
        <b>{run.state === 'pending' ? trans.__('Change while it waits') : trans.__('Change while it runs')}</b>
        <span>
          {run.state === 'pending'
            ? trans.__('Holds from the first optimizer step.')
            : trans.__('Holds from the next optimizer step, on all ranks.')}
        </span>
      </div>
      {isPartial && <p>{trans.__('This config extends another one; what it takes from there is not shown here.')}</p>}
      <div className="jp-BottegaChange-fields">
        {fields.map((field, at) => (
          <ChangeInput
            key={field.key}
            id={`${id}-${field.key}`}
            trans={trans}
            field={field}
            written={draft.get(field.key) ?? draftOf(field)}
            isEdited={field.key in values}
            error={saidOf(field.key)}
            isFirst={at === 0}
            onWrite={written => setDraft(before => new Map(before).set(field.key, written))}
          />
        ))}
      </div>
      {change.error && !problems.size && (
        <p role="alert" className="jp-mod-error">
          {change.error.message} {change.error.hint}
        </p>
      )}
      {problems.has('') && (
        <p role="alert" className="jp-mod-error">
          {problems.get('')}
        </p>
      )}
      <div className="jp-BottegaChange-foot">
        <span className="jp-BottegaChange-edits">
          {edited.map(key => `${key} ${valueText(trans, values[key])}`).join(', ')}
          {isEnd(values, run) && <b> {trans.__('ends the run, which is at step %1', formatCount(run.step))}</b>}
        </span>
        <Button onClick={() => change.open(false)}>{trans.__('Cancel')}</Button>
        <Button isPrimary disabledReason={reason} onClick={() => change.send(values)}>
          {change.isSending ? trans.__('Sending…') : trans.__('Change')}
        </Button>
      </div>
    </form>
  );
};

/** Fewer steps than it has done already. */
const isEnd = (values: Record<string, unknown>, { step }: Run): boolean =>
  typeof values['max_steps'] === 'number' && values['max_steps'] <= step;

const reasonOf = (
  trans: TranslationBundle,
  { isSending }: LiveChange,
  hasErrors: boolean,
  isEdited: boolean
): string | undefined => {
  if (isSending) return trans.__('Waits for the agent');
  if (hasErrors) return trans.__('Some fields cannot be read');
  return isEdited ? undefined : trans.__('Nothing is edited');
};
