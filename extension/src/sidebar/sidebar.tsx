import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { IBottega } from '../agent/index.js';
import { ClusterSection } from '../clusters/index.js';
import { RunSection, type CurrentRun } from '../runs/list/index.js';
import { AgentBanner } from './agent-banner.js';

/** Clusters above, runs below, and on top of both what keeps them from being current. */
export class Sidebar extends ReactWidget {
  constructor(
    readonly bottega: IBottega,
    readonly commands: CommandRegistry,
    readonly current: CurrentRun,
    readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-BottegaSidebar');
  }

  override dispose(): void {
    this.current.dispose();
    super.dispose();
  }

  protected override render(): JSX.Element {
    const { bottega, commands, current, trans } = this;
    return (
      <>
        <AgentBanner bottega={bottega} trans={trans} />
        <ClusterSection bottega={bottega} commands={commands} trans={trans} />
        <RunSection bottega={bottega} commands={commands} current={current} trans={trans} />
      </>
    );
  }
}
