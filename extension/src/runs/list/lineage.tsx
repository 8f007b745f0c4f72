import type { Branch } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount, useSignal } from '../../state/index.js';
import type { Origins } from './origins.js';

interface LineageProps {
  trans: TranslationBundle;
  branch: Branch;
  origins: Origins;
  onOpen: (id: string) => void;
}

/** Where a branched run began: a run and a step of it. A click opens that run; the menu of the row does it by keyboard. */
export const Lineage = ({ trans, branch, origins, onOpen }: LineageProps): JSX.Element => {
  useSignal(origins.changed);
  const origin = origins.find(branch.run);
  const name = origin === null ? trans.__('a deleted run') : (origin?.name ?? branch.run);
  const text =
    branch.step === null ? trans.__('from %1', name) : trans.__('from %1 @ step %2', name, formatCount(branch.step));
  return (
    <span
      className={`jp-BottegaRun-lineage${origin === null ? '' : ' jp-mod-link'}`}
      title={`${text}\n${branch.run}`}
      onClick={event => {
        if (origin === null) return;
        event.stopPropagation();
        onOpen(branch.run);
      }}
    >
      ↳ {text}
    </span>
  );
};
