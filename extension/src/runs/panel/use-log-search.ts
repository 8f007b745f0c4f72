import { useEffect, useReducer, useState } from 'react';
import { isEverything, LogSearch, type LiveRun, type LogQuery } from '../live/index.js';

/** While somebody types, only what stands still for so long is looked for. */
const TYPING_MS = 120;

/** The search for a query, as it goes on; null when everything fits. The search before ends when the query changes. */
export const useLogSearch = (run: LiveRun, query: LogQuery): LogSearch | null => {
  const [search, setSearch] = useState<LogSearch | null>(null);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const key = JSON.stringify(query);
  useEffect(() => {
    if (isEverything(query)) return setSearch(null);
    const { source, log } = run;
    const next = new LogSearch((wanted, signal) => source.search(run.id, wanted, { signal }), query);
    const look = (): void => next.grew(log.lineCount);
    next.changed.connect(render);
    run.changed.connect(look);
    const timer = setTimeout(() => next.start(), TYPING_MS);
    setSearch(next);
    return () => {
      clearTimeout(timer);
      run.changed.disconnect(look);
      next.dispose();
    };
  }, [run, key]);
  // What was found for another query is not shown for this one.
  return search && JSON.stringify(search.query) === key ? search : null;
};
