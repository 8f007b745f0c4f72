import { BottegaError } from '@bottega/client';
import type { Storage } from '@bottega/schema';
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { IBottega } from '../agent/index.js';
import { Button, ErrorNote, exactTime, formatBytes, useSignal } from '../state/index.js';
import { CleanUpPart, thingsText } from './clean-up-part.js';
import { CleanUp } from './clean-up.js';
import { StorageContents } from './contents.js';

/** What Bottega keeps where, and clean-up with a preview. It looks when it is shown, not all the time. */
export class StoragePanel extends ReactWidget {
  readonly cleanUp: CleanUp;
  readonly changed = new Signal<this, void>(this);
  storage: Storage | null = null;
  error: BottegaError | null = null;
  lookedAt: number | null = null;
  isLooking = false;

  constructor(
    readonly bottega: IBottega,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaStorage');
    this.cleanUp = new CleanUp(bottega.client);
  }

  async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    this.changed.emit();
    try {
      this.storage = await this.bottega.client.storage();
      this.error = null;
      this.lookedAt = Date.now();
    } catch (error) {
      if (!(error instanceof BottegaError)) throw error;
      this.error = error;
    } finally {
      this.isLooking = false;
      this.changed.emit();
    }
  }

  async clean(): Promise<void> {
    const { cleanUp, trans } = this;
    if (cleanUp.state.kind !== 'previewed') return;
    const { answer } = cleanUp.state;
    const result = await showDialog({
      title: trans.__('Clean up %1?', formatBytes(answer.freed_bytes)),
      body: trans.__('%1 go for good, with their logs, checkpoints and traces.', thingsText(trans, answer)),
      defaultButton: 0,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep them') }),
        Dialog.warnButton({ label: trans.__('Clean up') })
      ]
    });
    if (!result.button.accept) return;
    await cleanUp.clean();
    await this.look();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) void this.look();
  }

  protected override onAfterShow(_: Message): void {
    void this.look();
  }

  protected override render(): JSX.Element {
    return <StorageView panel={this} />;
  }
}

const StorageView = ({ panel }: { panel: StoragePanel }): JSX.Element => {
  const { bottega, cleanUp, trans } = panel;
  useSignal(panel.changed);
  useSignal(bottega.agent.changed);
  const { storage, error, isLooking, lookedAt } = panel;
  return (
    <section className="jp-BottegaStorage-page" aria-label={trans.__('Storage')}>
      <header>
        <h2>{trans.__('Storage')}</h2>
        <span className="jp-BottegaStorage-used">
          {lookedAt === null ? '' : trans.__('as of %1', exactTime(lookedAt))}
        </span>
        <Button
          icon={refreshIcon}
          disabledReason={isLooking ? trans.__('Waits for the agent and the clusters') : undefined}
          onClick={() => void panel.look()}
        >
          {isLooking ? trans.__('Looking…') : trans.__('Look again')}
        </Button>
      </header>
      {error && (
        <ErrorNote trans={trans} error={error.body}>
          <Button onClick={() => void panel.look()}>{trans.__('Try again')}</Button>
        </ErrorNote>
      )}
      {storage ? <StorageContents trans={trans} storage={storage} /> : !error && <Skeleton />}
      {storage && <CleanUpPart trans={trans} cleanUp={cleanUp} onClean={() => void panel.clean()} />}
    </section>
  );
};

const Skeleton = (): JSX.Element => (
  <div className="jp-BottegaSkeleton" aria-hidden>
    {[30, 64, 52, 30, 70].map((percent, index) => (
      <span key={index} style={{ width: `${percent}%` }} />
    ))}
  </div>
);
