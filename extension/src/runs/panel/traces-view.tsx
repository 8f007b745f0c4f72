import type { EventOf } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Button, formatBytes, RelativeTime } from '../../state/index.js';
import { traceIcon, traceTitle } from '../../trace/index.js';
import type { LiveRun } from '../live/index.js';

interface TracesViewProps {
  trans: TranslationBundle;
  run: LiveRun;
  commands: CommandRegistry;
}

/** Recordings of the profiler, newest first; each opens as a timeline of all its ranks. */
export const TracesView = ({ trans, run, commands }: TracesViewProps): JSX.Element => {
  const recordings = recordingsOf(run.traces);
  if (!recordings.length) {
    return (
      <p className="jp-BottegaTabs-empty">
        {run.hasEnded
          ? trans.__('Nothing was recorded. Add `profile: {steps: [20, 25]}` to the config to record steps.')
          : trans.__('Nothing was recorded yet. Profile 5 steps records the next ones.')}
      </p>
    );
  }
  return (
    <ul className="jp-BottegaTraces">
      {recordings.map(traces => {
        const [{ name, time }] = traces;
        const sizeBytes = traces.reduce((sum, trace) => sum + trace.size_bytes, 0);
        return (
          <li key={name}>
            <Button icon={traceIcon} onClick={() => void commands.execute('bottega:open-trace', { run: run.id, name })}>
              {traceTitle(trans, name)}
            </Button>
            <span>{trans._n('%1 rank', '%1 ranks', traces.length)}</span>
            <span>{formatBytes(sizeBytes)}</span>
            <RelativeTime trans={trans} time={time} />
          </li>
        );
      })}
    </ul>
  );
};

type Recording = [EventOf<'trace'>, ...EventOf<'trace'>[]];

/** Traces of one name are the ranks of one recording. */
export const recordingsOf = (traces: readonly EventOf<'trace'>[]): Recording[] => {
  const recordings = new Map<string, Recording>();
  for (const trace of traces) {
    const known = recordings.get(trace.name);
    if (known) known.push(trace);
    else recordings.set(trace.name, [trace]);
  }
  return [...recordings.values()].reverse();
};
