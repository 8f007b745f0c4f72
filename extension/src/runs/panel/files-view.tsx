import type { Client } from '@bottega/client';
import type { TranslationBundle } from '@jupyterlab/translation';
import { branchIcon, Button, formatBytes, formatCount, RelativeTime } from '../../state/index.js';
import type { LiveRun } from '../live/index.js';

interface FilesViewProps {
  trans: TranslationBundle;
  run: LiveRun;
  client: Client;
  onBranch: (step: number) => void;
}

/** What a run can go on from; other paths hold a model alone. */
export const isResumable = ({ path }: { path: string }): boolean => /^checkpoint-\d+$/.test(path);

/** Checkpoints and the final model, newest first, and other files the run made. */
export const FilesView = ({ trans, run, client, onBranch }: FilesViewProps): JSX.Element => {
  const files = run.artifacts.filter(artifact => artifact.kind === 'file');
  if (!run.checkpoints.length && !files.length) {
    return (
      <p className="jp-BottegaTabs-empty">
        {run.hasEnded
          ? trans.__('No checkpoint was saved.')
          : trans.__('No checkpoint yet. `save_steps` says how often.')}
      </p>
    );
  }
  return (
    <table className="jp-BottegaFiles">
      <thead>
        <tr>
          <th>{trans.__('Step')}</th>
          <th>{trans.__('Path')}</th>
          <th>{trans.__('Size')}</th>
          <th>{trans.__('Saved')}</th>
          <th>
            <span className="jp-Bottega-visuallyHidden">{trans.__('Actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {[...run.checkpoints].reverse().map(checkpoint => (
          <tr key={checkpoint.seq}>
            <td>{formatCount(checkpoint.step)}</td>
            <td>
              <code>{checkpoint.path}</code> {checkpoint.final && <em>{trans.__('the trained model')}</em>}
            </td>
            <td>{formatBytes(checkpoint.size_bytes)}</td>
            <td>
              <RelativeTime trans={trans} time={checkpoint.time} />
            </td>
            <td>
              {isResumable(checkpoint) && (
                <Button
                  icon={branchIcon}
                  title={trans.__('Make a config that goes on from step %1', checkpoint.step)}
                  onClick={() => onBranch(checkpoint.step)}
                >
                  {trans.__('Branch…')}
                </Button>
              )}
            </td>
          </tr>
        ))}
        {[...files].reverse().map(file => (
          <tr key={file.seq}>
            <td>{file.step === undefined ? '' : formatCount(file.step)}</td>
            <td>
              {file.path === undefined ? (
                file.name
              ) : (
                <a href={fileUrl(client, run.id, file.path)} download>
                  {file.name}
                </a>
              )}
            </td>
            <td>{file.size_bytes === undefined ? '' : formatBytes(file.size_bytes)}</td>
            <td>
              <RelativeTime trans={trans} time={file.time} />
            </td>
            <td />
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const fileUrl = (client: Client, run: string, path: string): string =>
  client.transport.url(`/v1/runs/${run}/files/${path.split('/').map(encodeURIComponent).join('/')}`);
