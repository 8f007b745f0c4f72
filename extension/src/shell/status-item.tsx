import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { hasEnded } from '@bottega/client';
import type { Run } from '@bottega/schema';
import type { IBottega } from '../agent/index.js';
import { bottegaIcon, formatNumber, useSignal } from '../state/index.js';

/** The live runs, at the bottom of the window. */
export class StatusItem extends ReactWidget {
  constructor(
    readonly bottega: IBottega,
    readonly commands: CommandRegistry,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaStatus');
  }

  protected override render(): JSX.Element {
    return <StatusView bottega={this.bottega} commands={this.commands} trans={this.trans} />;
  }
}

type ViewProps = Pick<StatusItem, 'bottega' | 'commands' | 'trans'>;

const StatusView = ({ bottega, commands, trans }: ViewProps): JSX.Element => {
  const { agent, ledger } = bottega;
  useSignal(agent.changed);
  useSignal(ledger.stateChanged);
  useSignal(ledger.changed);
  const live = ledger.runs.filter(run => !hasEnded(run.state));
  const [only] = live;
  const open = (): void =>
    void (live.length === 1 && only
      ? commands.execute('bottega:open-run', { id: only.id })
      : commands.execute('bottega:show-sidebar'));
  return (
    <button type="button" className="jp-BottegaStatus-button" title={title(trans, live)} onClick={open}>
      <bottegaIcon.react tag="span" className="jp-BottegaStatus-icon" />
      {agent.state.kind === 'failed' ? trans.__('not connected') : text(trans, live)}
    </button>
  );
};

const text = (trans: TranslationBundle, live: readonly Run[]): string => {
  const running = live.filter(run => run.state === 'running');
  if (!live.length) return trans.__('no run');
  if (!running.length) {
    return live.some(run => run.state === 'starting')
      ? trans._n('%1 run starts', '%1 runs start', live.length)
      : trans._n('%1 run waits', '%1 runs wait', live.length);
  }
  const clusters = [...new Set(running.map(run => run.cluster))].join(', ');
  const [only] = running;
  const waiting = live.length - running.length;
  return [
    trans._n('%1 running on %2', '%1 running on %2', running.length, clusters),
    running.length === 1 && only && only.loss !== null ? trans.__('loss %1', formatNumber(only.loss)) : '',
    waiting ? trans._n('%1 waiting', '%1 waiting', waiting) : ''
  ]
    .filter(Boolean)
    .join(' · ');
};

const title = (trans: TranslationBundle, live: readonly Run[]): string =>
  live.length ? live.map(run => run.name).join('\n') : trans.__('Show clusters and runs');
