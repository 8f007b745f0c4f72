export { LiveRun, type RunSource } from './live-run.js';
export { LiveRuns } from './live-runs.js';
export { isEverything, LogFilter, type LogQuery } from './log-filter.js';
export type { LineKind, LogLine } from './log-lines.js';
export type { RunLog } from './run-log.js';
export type { Sample } from './samples.js';
export { downsample, Series, smoothed, type Points } from './series.js';
export { phaseInProgress, startOf, type Phase, type Start, type StartSegment } from './start.js';
export { plainText, styledText, type StyledText, type TextStyle } from './terminal-text.js';
