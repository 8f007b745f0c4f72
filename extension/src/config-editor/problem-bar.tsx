import type { Problem } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Button, runStateIcon } from '../state/index.js';

interface BarProps {
  trans: TranslationBundle;
  problems: readonly Problem[];
  onReveal: (problem: Problem) => void;
  onFix: (problem: Problem) => void;
}

/** Every problem in a sentence with its line, below the text where nothing moves when it comes. */
export const ProblemBar = ({ trans, problems, onReveal, onFix }: BarProps): JSX.Element | null => {
  if (!problems.length) return null;
  const icon = runStateIcon('failed');
  return (
    <ul className="jp-BottegaProblems" aria-label={trans.__('Problems')}>
      {problems.map(problem => (
        <li key={`${problem.path} ${problem.message}`}>
          <icon.react tag="span" className="jp-BottegaState-icon" />
          <button type="button" className="jp-BottegaProblems-place" onClick={() => onReveal(problem)}>
            {trans.__('line %1', problem.line ?? 1)}
          </button>
          <span className="jp-BottegaProblems-message">{problem.message}</span>
          {problem.suggestion !== undefined && problem.file === undefined && (
            <Button title={trans.__('Write %1', problem.suggestion)} onClick={() => onFix(problem)}>
              {trans.__('Fix')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
};
