import { hasEnded, type Run, type RunEvent } from '@bottega/schema';

/**
 * The run record after one more event of its log. An event that was applied already changes nothing, and an ended run
 * stays as it ended, so any replay of the log gives the same record.
 */
export const applyEvent = (run: Run, event: RunEvent): Run => {
  if (event.seq <= run.last_seq) return run;
  const next = { ...run, last_seq: event.type === 'gap' ? Math.max(event.seq, event.last) : event.seq };
  if (hasEnded(run.state)) return next;
  switch (event.type) {
    case 'status': {
      next.state = event.state;
      next.reason = event.reason;
      next.queue = event.queue ?? null;
      if (event.max_steps !== undefined) next.max_steps = event.max_steps;
      if (event.state === 'running') next.started ??= event.time;
      if (hasEnded(event.state)) next.ended = event.time;
      return next;
    }
    case 'start': {
      next.start = event.level;
      return next;
    }
    case 'metric': {
      next.step = Math.max(run.step, event.step);
      if ('loss' in event.values) next.loss = event.values['loss'] ?? null;
      if ('step_seconds' in event.values) next.step_seconds = event.values['step_seconds'] ?? null;
      return next;
    }
    default:
      return next;
  }
};
