import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { formatCount, useSignal } from '../state/index.js';
import { zoomed } from './time-scale.js';
import type { TraceModel } from './trace-model.js';

/** Above the timeline: what this is, the search, and zoom for who has neither wheel nor keys. */
export class TraceToolbar extends ReactWidget {
  constructor(
    readonly title_: { run: string; name: string },
    readonly model: TraceModel,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaTrace-toolbar');
  }

  focusSearch(): void {
    this.node.querySelector('input')?.focus();
  }

  protected override render(): JSX.Element {
    return <Toolbar title={this.title_} model={this.model} trans={this.trans} />;
  }
}

interface ToolbarProps {
  title: { run: string; name: string };
  model: TraceModel;
  trans: TranslationBundle;
}

const Toolbar = ({ title, model, trans }: ToolbarProps): JSX.Element => {
  useSignal(model.changed);
  const { trace } = model;
  const ranks = new Set(trace.lanes.map(lane => lane.rank)).size;
  const zoom = (factor: number): void => {
    model.span = zoomed(model.span, factor, (model.span.startUs + model.span.endUs) / 2, trace.endUs);
  };
  return (
    <>
      <strong title={title.run}>{title.name}</strong>
      <span className="jp-BottegaTrace-about">
        {[
          ranks > 1 ? trans.__('%1 ranks', ranks) : '',
          trans.__('%1 slices', formatCount(trace.slices.start.length)),
          trace.isTruncated ? trans.__('cut: it was too large or not written to its end') : ''
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
      <span className="jp-BottegaTrace-spring" />
      <SearchBox model={model} trans={trans} />
      <span className="jp-BottegaTrace-zoom">
        <button
          type="button"
          aria-label={trans.__('Zoom in')}
          title={trans.__('Zoom in (W, wheel)')}
          onClick={() => zoom(0.5)}
        >
          +
        </button>
        <button
          type="button"
          aria-label={trans.__('Zoom out')}
          title={trans.__('Zoom out (S, wheel)')}
          onClick={() => zoom(2)}
        >
          −
        </button>
        <button type="button" title={trans.__('Show the whole trace (0)')} onClick={() => model.showAll()}>
          {trans.__('All')}
        </button>
      </span>
      <span className="jp-BottegaTrace-hint" aria-hidden>
        {trans.__('w a s d · wheel · shift-drag marks')}
      </span>
    </>
  );
};

const SearchBox = ({ model, trans }: Omit<ToolbarProps, 'title'>): JSX.Element => {
  const { matches, query } = model;
  // A text that waited for the next frame to come back from the model would lose letters.
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  const search = (wanted: string): void => {
    setText(wanted);
    model.search(wanted);
  };
  return (
    <span className="jp-BottegaTrace-search">
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Search operators')}
        aria-label={trans.__('Search operators')}
        value={text}
        onChange={event => search(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') model.goToMatch(event.shiftKey ? -1 : 1);
          if (event.key === 'Escape') search('');
        }}
      />
      {matches && (
        <span role="status">
          {matches.ordered.length ? trans.__('%1 found', formatCount(matches.ordered.length)) : trans.__('none found')}
        </span>
      )}
    </span>
  );
};
