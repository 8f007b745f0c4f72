import type { TranslationBundle } from '@jupyterlab/translation';
import type { LiveRun } from '../live/index.js';

/** Which modules of the project were executed, by the bytes that were compiled; nothing before there are any. */
export const ModulesView = ({ trans, run }: { trans: TranslationBundle; run: LiveRun }): JSX.Element | null => {
  const warningOf = (path: string): string | undefined =>
    run.warnings.find(({ message, details = '' }) => names(message, path) || names(details, path))?.message;
  const modules = [...run.modules]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, hash]) => ({ path, hash, warning: warningOf(path) }));
  if (!modules.length) return null;
  const isAsSent = modules.every(({ warning }) => warning === undefined);
  return (
    <section className="jp-BottegaModules">
      <h3>
        {trans._n('%1 module executed', '%1 modules executed', modules.length)}
        <small className={isAsSent ? 'jp-mod-same' : 'jp-mod-different'}>
          {isAsSent ? trans.__("as in the folder's tree") : trans.__("not all as in the folder's tree")}
        </small>
      </h3>
      <ul>
        {modules.map(({ path, hash, warning }) => (
          <li key={path}>
            <code>{path}</code>
            <code title={`SHA-256 ${hash}`}>{hash.slice(0, 10)}</code>
            {warning !== undefined && <span role="note">{warning}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
};

/** Whether a sentence is about a path: `a.py` is not named by `lib/a.py`. */
const names = (text: string, path: string): boolean => {
  const at = text.indexOf(path);
  return at >= 0 && !/[\w./-]/.test(text[at - 1] ?? ' ') && !/[\w-]/.test(text[at + path.length] ?? ' ');
};
