import { BottegaError } from '@bottega/client';
import type { ErrorBody } from '@bottega/schema';
import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { BoxLayout, BoxPanel, SplitPanel } from '@lumino/widgets';
import type { IBottega } from '../agent/index.js';
import { Button, ErrorNote, formatBytes } from '../state/index.js';
import { loadTrace, type LoadProgress } from './load-trace.js';
import { Timeline } from './timeline.js';
import { traceTitle } from './title.js';
import { TraceDetails } from './trace-details.js';
import { TraceModel } from './trace-model.js';
import { TraceToolbar } from './trace-toolbar.js';

/** One recording of a run: fetched when it is first shown, then a timeline with its sums. */
export class TracePanel extends BoxPanel {
  readonly #abort = new AbortController();
  #model: TraceModel | null = null;
  #timeline: Timeline | null = null;
  #toolbar: TraceToolbar | null = null;
  #isAsked = false;

  constructor(
    readonly run: string,
    readonly name: string,
    readonly bottega: IBottega,
    readonly trans: TranslationBundle
  ) {
    super({ direction: 'top-to-bottom', spacing: 0 });
    this.addClass('jp-BottegaTrace');
    // Holds the focus until there is a timeline to take it.
    this.node.tabIndex = -1;
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.#abort.abort();
    this.#model?.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.#ask();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) this.#ask();
  }

  protected override onActivateRequest(): void {
    if (this.#timeline) this.#timeline.activate();
    else this.node.focus();
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      const show = (progress: LoadProgress): void => this.#say(<Loading trans={this.trans} progress={progress} />);
      const trace = await loadTrace(this.bottega.client, this.run, this.name, show, this.#abort.signal);
      if (this.isDisposed) return;
      if (trace.slices.start.length) this.#show(new TraceModel(trace));
      else this.#say(<p>{this.trans.__('Nothing was recorded in these steps.')}</p>);
    } catch (error) {
      if (this.isDisposed) return;
      this.#say(
        <ErrorNote trans={this.trans} error={errorBodyOf(error)}>
          <Button onClick={() => void this.#load()}>{this.trans.__('Try again')}</Button>
        </ErrorNote>
      );
    }
  }

  #say(content: JSX.Element): void {
    const [first] = this.widgets;
    if (first instanceof Says) first.say(content);
    else this.#fill([new Says(content)], [1]);
  }

  #show(model: TraceModel): void {
    this.#model = model;
    const ledgerName = this.bottega.ledger.run(this.run)?.name ?? this.run;
    const title = { run: ledgerName, name: traceTitle(this.trans, this.name) };
    this.#toolbar = new TraceToolbar(title, model, this.trans);
    this.#timeline = new Timeline(model, this.trans, () => this.#toolbar?.focusSearch());
    this.#fill([this.#toolbar, stacked(this.#timeline, new TraceDetails(model, this.trans))], [0, 1]);
    if (document.activeElement === this.node) this.#timeline.activate();
  }

  #fill(widgets: (Says | TraceToolbar | SplitPanel)[], stretches: number[]): void {
    for (const widget of [...this.widgets]) widget.dispose();
    widgets.forEach((widget, at) => {
      BoxLayout.setStretch(widget, stretches[at] ?? 0);
      this.addWidget(widget);
    });
  }
}

const stacked = (timeline: Timeline, details: TraceDetails): SplitPanel => {
  const split = new SplitPanel({ orientation: 'vertical', spacing: 1 });
  split.addClass('jp-BottegaTrace-split');
  split.addWidget(timeline);
  split.addWidget(details);
  split.setRelativeSizes([2, 1]);
  return split;
};

/** A sentence where the trace will be. */
class Says extends ReactWidget {
  constructor(private content: JSX.Element) {
    super();
    this.addClass('jp-BottegaTrace-says');
  }

  say(content: JSX.Element): void {
    this.content = content;
    this.update();
  }

  protected override render(): JSX.Element {
    return this.content;
  }
}

const Loading = ({ trans, progress }: { trans: TranslationBundle; progress: LoadProgress }): JSX.Element => {
  const { receivedBytes, totalBytes } = progress;
  if (receivedBytes === null) return <p role="status">{trans.__('The cluster prepares the trace…')}</p>;
  return (
    <div role="status">
      <p>
        {totalBytes
          ? trans.__('Reading %1 of %2', formatBytes(receivedBytes), formatBytes(totalBytes))
          : trans.__('Reading %1', formatBytes(receivedBytes))}
      </p>
      <progress value={totalBytes ? receivedBytes : undefined} max={totalBytes ?? undefined} />
    </div>
  );
};

const errorBodyOf = (error: unknown): Pick<ErrorBody, 'message' | 'hint' | 'details'> => {
  if (error instanceof BottegaError) return error.body;
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error ? error.cause : undefined;
  return { message, ...(cause === undefined ? {} : { details: String(cause) }) };
};
