import type { TranslationBundle } from '@jupyterlab/translation';
import { StaleNote, type IBottega } from '../agent/index.js';
import { Button, ErrorNote, useSignal } from '../state/index.js';

/** Says when what the sidebar shows is not what the agent has, and why; nothing when all is well. */
export const AgentBanner = ({
  bottega,
  trans
}: {
  bottega: IBottega;
  trans: TranslationBundle;
}): JSX.Element | null => {
  const { agent, ledger } = bottega;
  useSignal(agent.changed);
  const { state } = agent;
  if (state.kind === 'failed') {
    return (
      <div className="jp-BottegaBanner">
        <ErrorNote trans={trans} error={state.error.body}>
          <Button
            onClick={() => void agent.check()}
            disabledReason={state.isRetrying ? trans.__('It is being asked right now.') : undefined}
          >
            {state.isRetrying ? trans.__('Asking…') : trans.__('Try again')}
          </Button>
        </ErrorNote>
      </div>
    );
  }
  if (state.kind === 'connecting') return <p className="jp-BottegaBanner">{trans.__('Looking for the agent…')}</p>;
  return <StaleNote trans={trans} ledger={ledger} />;
};
