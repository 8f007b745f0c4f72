import { BottegaError, type Client } from '@bottega/client';
import type { ErrorBody, EventOf } from '@bottega/schema';
import { useState } from 'react';
import type { LiveRun } from '../live/index.js';

/** A change on its way: it is over when its event comes. */
interface Pending {
  readonly values: Record<string, unknown>;
  readonly since: number;
  /** The events that were there before do not count. */
  readonly seq: number;
}

export interface LiveChange {
  readonly isOpen: boolean;
  readonly isSending: boolean;
  readonly error: ErrorBody | null;
  readonly pending: Pending | null;
  /** The event of the last change from here. */
  readonly applied: EventOf<'change'> | null;
  open(isOpen: boolean): void;
  /** Sends the values; the form closes when the agent has taken them. */
  send(values: Record<string, unknown>): void;
  dismiss(): void;
}

/** Changes of live fields from this panel, from the form until the step that has them. */
export const useChange = (client: Client, live: LiveRun): LiveChange => {
  const [isOpen, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [asked, setAsked] = useState<Pending | null>(null);
  const send = async (values: Record<string, unknown>): Promise<void> => {
    const seq = live.lastSeq;
    setSending(true);
    setError(null);
    try {
      await client.change(live.id, values);
      setAsked({ values, since: Date.now(), seq });
      setOpen(false);
    } catch (failure) {
      if (!(failure instanceof BottegaError)) throw failure;
      setError(failure.body);
    } finally {
      setSending(false);
    }
  };
  const applied = asked && live.changeOf(Object.keys(asked.values), asked.seq);
  return {
    isOpen,
    isSending,
    error,
    pending: asked && !applied && !live.hasEnded ? asked : null,
    applied,
    open: next => {
      setError(null);
      setOpen(next);
    },
    send: values => void send(values),
    dismiss: () => setAsked(null)
  };
};
