import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer } from 'react';

/** Renders again after a signal, at most once for each frame: a fast run emits more than a screen can show. */
export const useSignal = <T, A>(signal: ISignal<T, A>, matters?: (args: A) => boolean): void => {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const slot = (_: T, args: A): void => {
      if (frame || (matters && !matters(args))) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        render();
      });
    };
    signal.connect(slot);
    // What changed between the first render and now would be missed.
    render();
    return () => {
      signal.disconnect(slot);
      cancelAnimationFrame(frame);
    };
    // `matters` may be a new function at each render and means the same.
  }, [signal]);
};
