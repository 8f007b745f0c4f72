import type { CleanupAnswer } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef } from 'react';
import { Button, Duration, ErrorNote, formatBytes, formatCount, useSignal } from '../state/index.js';
import { isValidRule, type CleanUp, type Rules } from './clean-up.js';
import { LongList } from './long-list.js';
import { goingCount, otherThings } from './storage-summary.js';
import { kindWord, runsText } from './words.js';

interface PartProps {
  trans: TranslationBundle;
  cleanUp: CleanUp;
  /** After the person has seen the preview. */
  onClean: () => void;
}

/** The rules, what goes by them, and the button that does it. */
export const CleanUpPart = ({ trans, cleanUp, onClean }: PartProps): JSX.Element => {
  useSignal(cleanUp.changed);
  const { state } = cleanUp;
  const part = useRef<HTMLElement>(null);
  useEffect(() => {
    // What would go is often below what is seen.
    if (state.kind === 'previewed') part.current?.scrollIntoView({ block: 'start' });
  }, [state]);
  return (
    <section className="jp-BottegaStorage-cleanUp" ref={part}>
      <h3>{trans.__('Clean up')}</h3>
      <RulesForm trans={trans} cleanUp={cleanUp} />
      <div aria-live="polite">
        {(state.kind === 'previewing' || state.kind === 'cleaning') && (
          <p>
            {state.kind === 'previewing' ? trans.__('Looking what would go…') : trans.__('Cleaning up…')}{' '}
            <Duration from={state.since} to={null} isShort />
          </p>
        )}
        {state.kind === 'failed' && <ErrorNote trans={trans} error={state.error.body} />}
        {state.kind === 'previewed' && <Preview trans={trans} answer={state.answer} onClean={onClean} />}
        {state.kind === 'done' && (
          <>
            <p className="jp-BottegaStorage-done">
              {trans.__(
                'Gone: %1. %2 are free again.',
                thingsText(trans, state.answer),
                formatBytes(state.answer.freed_bytes)
              )}
            </p>
            <Unreachable trans={trans} answer={state.answer} />
          </>
        )}
      </div>
    </section>
  );
};

const RulesForm = ({ trans, cleanUp }: Omit<PartProps, 'onClean'>): JSX.Element => {
  const { rules, state, isBusy } = cleanUp;
  const field = (key: keyof Rules, before: string, after: string): JSX.Element => (
    <label className="jp-BottegaStorage-rule">
      <span>{before}</span>
      <input
        className="jp-mod-styled"
        inputMode="decimal"
        size={5}
        value={rules[key]}
        disabled={isBusy}
        aria-invalid={!isValidRule(key, rules[key])}
        onChange={event => cleanUp.setRules({ ...rules, [key]: event.target.value })}
      />
      <span>{after}</span>
    </label>
  );
  return (
    <form
      className="jp-BottegaStorage-rules"
      onSubmit={event => {
        event.preventDefault();
        void cleanUp.preview();
      }}
    >
      {field('older_than_days', trans.__('Runs that ended more than'), trans.__('days ago,'))}
      {field('newest', trans.__('but never the newest'), trans.__('runs, those you keep, and those that others need;'))}
      {field('unused_days', trans.__('caches that no run has used for'), trans.__('days.'))}
      <Button
        isPrimary={state.kind !== 'previewed'}
        disabledReason={
          isBusy
            ? trans.__('Waits for the agent')
            : cleanUp.areRulesValid
              ? undefined
              : trans.__('Each rule needs a number, zero or more.')
        }
        onClick={() => void cleanUp.preview()}
      >
        {trans.__('Preview')}
      </Button>
      {!cleanUp.areRulesValid && (
        <p className="jp-BottegaField-problem" role="status">
          {trans.__('Each rule needs a number, zero or more.')}
        </p>
      )}
    </form>
  );
};

const Preview = ({
  trans,
  answer,
  onClean
}: {
  trans: TranslationBundle;
  answer: CleanupAnswer;
  onClean: () => void;
}): JSX.Element => {
  const count = goingCount(answer);
  return (
    <>
      {count === 0 ? (
        <p>{trans.__('Nothing would go by these rules.')}</p>
      ) : (
        <>
          <h4>{trans.__('What would go: %1', thingsText(trans, answer))}</h4>
          <LongList items={goingRows(trans, answer)} label={trans.__('What would go')} keyOf={row => row.key}>
            {row => <Row {...row} />}
          </LongList>
        </>
      )}
      {answer.stays.length > 0 && (
        <>
          <h4>{staysText(trans, answer.stays.length)}</h4>
          <LongList items={answer.stays} label={trans.__('What stays')} keyOf={run => run.id}>
            {run => <Row title={run.name} id={run.id} note={run.reason} />}
          </LongList>
        </>
      )}
      <Unreachable trans={trans} answer={answer} />
      {count > 0 && (
        <Button isPrimary onClick={onClean}>
          {trans._n(
            'Clean up %2 thing, %3',
            'Clean up %2 things, %3',
            count,
            formatCount(count),
            formatBytes(answer.freed_bytes)
          )}
        </Button>
      )}
    </>
  );
};

const staysText = (trans: TranslationBundle, count: number): string =>
  trans._n('%2 old run stays', '%2 old runs stay', count, formatCount(count));

/** What was not touched, and why. */
const Unreachable = ({ trans, answer }: { trans: TranslationBundle; answer: CleanupAnswer }): JSX.Element | null =>
  answer.unreachable.length ? (
    <p className="jp-BottegaStorage-away" role="status">
      {trans._n(
        'Cluster %2 does not answer: nothing there is touched.',
        'Clusters %2 do not answer: nothing there is touched.',
        answer.unreachable.length,
        answer.unreachable.join(', ')
      )}
    </p>
  ) : null;

interface RowFacts {
  key?: string;
  title: string;
  id: string;
  note: string;
  size?: string;
}

const goingRows = (trans: TranslationBundle, answer: CleanupAnswer): (RowFacts & { key: string })[] => {
  return [
    ...answer.runs.map(({ id, name, size_bytes }) => ({
      key: id,
      title: name,
      id,
      note: id,
      size: size_bytes === null ? trans.__('size unknown') : formatBytes(size_bytes)
    })),
    ...otherThings(answer).map(({ cluster, thing }) => ({
      key: `${cluster}/${thing.kind}/${thing.id}`,
      title: thing.label,
      id: thing.id,
      note: trans.__('%1 on %2', kindWord(trans, thing.kind), cluster),
      size: formatBytes(thing.size_bytes)
    }))
  ];
};

const Row = ({ title, id, note, size }: RowFacts): JSX.Element => (
  <>
    <span className="jp-BottegaStorage-title" title={`${title}\n${id}`}>
      {title}
    </span>
    <span className="jp-BottegaStorage-used" title={note}>
      {note}
    </span>
    {size !== undefined && <span className="jp-BottegaStorage-size">{size}</span>}
  </>
);

/** `128 runs and 3 caches`. */
export const thingsText = (trans: TranslationBundle, answer: CleanupAnswer): string => {
  const runs = answer.runs.length;
  const caches = otherThings(answer).length;
  const texts = [
    ...(runs || !caches ? [runsText(trans, runs)] : []),
    ...(caches ? [trans._n('%2 cache', '%2 caches', caches, formatCount(caches))] : [])
  ];
  return texts.length > 1 ? trans.__('%1 and %2', texts[0]!, texts[1]!) : texts[0]!;
};
