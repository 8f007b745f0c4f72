import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount, useSignal } from '../state/index.js';
import { FamilyMark, familyWord } from './family-mark.js';
import { formatShare, OperatorTable } from './operator-table.js';
import type { Summary } from './operators.js';
import { SliceFacts } from './slice-facts.js';
import { formatMicroseconds, lengthOf } from './time-scale.js';
import { families } from './trace.js';
import type { TraceModel } from './trace-model.js';
import { useSummary } from './use-summary.js';

/** Below the timeline: the selected slice, and what the time in view or in the mark was spent on. */
export class TraceDetails extends ReactWidget {
  constructor(
    readonly model: TraceModel,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaTrace-details');
  }

  protected override render(): JSX.Element {
    return <Details model={this.model} trans={this.trans} />;
  }
}

const Details = ({ model, trans }: { model: TraceModel; trans: TranslationBundle }): JSX.Element => {
  useSignal(model.changed);
  const summary = useSummary(model);
  const { marked } = model;
  return (
    <>
      {model.selected >= 0 && <SliceFacts trans={trans} model={model} />}
      <section className="jp-BottegaTrace-sums">
        <header>
          <h3>
            {marked
              ? trans.__('%1 marked', formatMicroseconds(lengthOf(marked.span)))
              : trans.__('%1 in view', formatMicroseconds(lengthOf(model.span)))}
          </h3>
          <span>{trans.__('%1 calls', formatCount(summary.sliceCount))}</span>
          {marked && (
            <button type="button" className="jp-BottegaLink" onClick={() => model.mark(null)}>
              {trans.__('Clear mark')}
            </button>
          )}
        </header>
        <FamilyBar trans={trans} summary={summary} />
        <div className="jp-BottegaTrace-tableScroller">
          <OperatorTable
            trans={trans}
            trace={model.trace}
            summary={summary}
            query={model.query}
            onChoose={title => model.search(model.query === title ? '' : title)}
          />
        </div>
      </section>
    </>
  );
};

/** How the time divides into families. */
const FamilyBar = ({ trans, summary }: { trans: TranslationBundle; summary: Summary }): JSX.Element => {
  const shares = families
    .map((family, number) => ({ family, number, share: (summary.familyUs[number] ?? 0) / (summary.selfUs || 1) }))
    .filter(each => each.share > 0)
    .sort((one, other) => other.share - one.share);
  return (
    <div className="jp-BottegaTrace-families">
      <div className="jp-BottegaTrace-bar" aria-hidden>
        {shares.map(({ family, share }) => (
          <span key={family} style={{ flexGrow: share, background: `var(--bottega-family-${family})` }} />
        ))}
      </div>
      <ul>
        {shares.map(({ family, number, share }) => (
          <li key={family}>
            <FamilyMark family={number} />
            {familyWord(trans, family)} <b>{formatShare(share)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
};
