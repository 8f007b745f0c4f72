import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, Duration, ErrorNote, formatCount, StateBadge, useSignal } from '../state/index.js';
import { valueText } from '../runs/live/index.js';
import type { FieldChange } from './live-difference.js';
import type { LiveEdit } from './live-edit.js';

interface BarProps {
  trans: TranslationBundle;
  edit: LiveEdit;
}

/** What would change in the run that goes on, field by field, and what became of it; below the text, as problems are. */
export const LiveBar = ({ trans, edit }: BarProps): JSX.Element | null => {
  useSignal(edit.changed);
  const { applying, difference, run } = edit;
  if (applying.kind === 'failed') {
    return (
      <div className="jp-BottegaLiveBar">
        <ErrorNote trans={trans} error={applying.error.body}>
          <Button onClick={() => edit.dismiss()}>{trans.__('Dismiss')}</Button>
        </ErrorNote>
      </div>
    );
  }
  if (applying.kind === 'none' && !(run && difference.live.length)) return null;
  return (
    <div className="jp-BottegaLiveBar" role="status">
      {run && <StateBadge trans={trans} run={run} iconOnly />}
      <div>
        {applying.kind === 'none' && (
          <p>
            {trans.__('%1, which is running, has other values:', run!.name)}{' '}
            <Fields changes={difference.live} trans={trans} />
          </p>
        )}
        {applying.kind === 'sent' && (
          <p>
            {trans.__('Sent; it holds from the next step on.')} <Duration from={applying.since} to={null} isShort />
          </p>
        )}
        {applying.kind === 'applied' && (
          <p>
            {trans.__('Holds from step %1 on:', formatCount(applying.step))}{' '}
            <Fields changes={applying.changes} trans={trans} />
          </p>
        )}
        {difference.other.length > 0 && (
          <p className="jp-BottegaLiveBar-other" title={difference.other.map(({ key }) => key).join('\n')}>
            {otherText(trans, difference.other)}
          </p>
        )}
      </div>
    </div>
  );
};

const Fields = ({ trans, changes }: { trans: TranslationBundle; changes: readonly FieldChange[] }): JSX.Element => (
  <>
    {changes.map(({ key, before, after }) => (
      <span key={key} className="jp-BottegaLiveBar-field">
        <code>{key}</code> {valueText(trans, before)} → <b>{valueText(trans, after)}</b>
      </span>
    ))}
  </>
);

const MOST_NAMES = 3;

const otherText = (trans: TranslationBundle, changes: readonly FieldChange[]): string => {
  const names = changes.slice(0, MOST_NAMES).map(({ key }) => key);
  const more = changes.length - names.length;
  if (more) names.push(trans.__('%1 more', more));
  return trans._n('%2 needs a new run.', '%2 need a new run.', changes.length, names.join(', '));
};

/** All of it in lines, for where there is room for a hint alone. */
export const changesTitle = (trans: TranslationBundle, changes: readonly FieldChange[]): string =>
  changes
    .map(({ key, before, after }) => `${key}: ${valueText(trans, before)} → ${valueText(trans, after)}`)
    .join('\n');
