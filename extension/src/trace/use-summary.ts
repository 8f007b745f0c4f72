import { useEffect, useState } from 'react';
import { summarize, type Summary } from './operators.js';
import type { TraceModel } from './trace-model.js';

const PAUSE_MS = 120;

/** The sums of what is marked, else of what is in view; anew when that has rested for a moment. */
export const useSummary = (model: TraceModel): Summary => {
  const [summary, setSummary] = useState(() => summaryOf(model));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let marked = model.marked;
    const later = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => setSummary(summaryOf(model)), PAUSE_MS);
    };
    const onView = (): void => {
      if (!model.marked) later();
    };
    const onChange = (): void => {
      if (model.marked === marked) return;
      marked = model.marked;
      later();
    };
    model.viewChanged.connect(onView);
    model.changed.connect(onChange);
    return () => {
      clearTimeout(timer);
      model.viewChanged.disconnect(onView);
      model.changed.disconnect(onChange);
    };
  }, [model]);
  return summary;
};

const summaryOf = ({ trace, marked, span }: TraceModel): Summary =>
  summarize(trace, marked?.rows ?? trace.rows, marked?.span ?? span);
