import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '../state/index.js';
import { FamilyMark, familyWord } from './family-mark.js';
import { formatMicroseconds } from './time-scale.js';
import { families } from './trace.js';
import type { TraceModel } from './trace-model.js';

/** What is known of the selected slice. */
export const SliceFacts = ({ trans, model }: { trans: TranslationBundle; model: TraceModel }): JSX.Element => {
  const { trace, selected } = model;
  const { start, duration, self, name } = trace.slices;
  const operator = trace.names[name[selected] as number];
  const lane = trace.lanes[model.laneOf(selected)];
  if (!operator || !lane) return <></>;
  const facts: [string, string][] = [
    [trans.__('Duration'), formatMicroseconds(duration[selected] as number)],
    [trans.__('Self'), formatMicroseconds(self[selected] as number)],
    [trans.__('Start'), formatMicroseconds(start[selected] as number)],
    [trans.__('Family'), familyWord(trans, families[operator.family] ?? 'other')],
    [trans.__('Lane'), trans.__('rank %1 · %2 · %3', lane.rank, lane.process, lane.thread)]
  ];
  return (
    <section className="jp-BottegaTrace-facts" aria-live="polite">
      <h3 title={operator.title}>
        <FamilyMark family={operator.family} />
        {operator.title}
      </h3>
      <dl>
        {facts.map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className="jp-BottegaTrace-buttons">
        <Button onClick={() => model.showSelection()} title={trans.__('Fill the view with it (F)')}>
          {trans.__('Zoom to it')}
        </Button>
        <Button onClick={() => model.search(operator.title)} title={trans.__('Highlight every call')}>
          {trans.__('Find all')}
        </Button>
      </div>
    </section>
  );
};
