/** What the engine prints when it listens. */
export interface ReadyLine {
  port: number;
  incarnation: string;
}

/** Finds `{"bottega_engine": {"port": …, "incarnation": …}}` among the lines of the engine's log. */
export const readyLineOf = (log: string): ReadyLine | null => {
  for (const line of log.split('\n')) {
    if (!line.startsWith('{"bottega_engine"')) continue;
    try {
      const { port, incarnation } = (JSON.parse(line) as { bottega_engine: ReadyLine }).bottega_engine;
      if (Number.isInteger(port) && typeof incarnation === 'string') return { port, incarnation };
    } catch {
      // A line that is still being written.
    }
  }
  return null;
};
