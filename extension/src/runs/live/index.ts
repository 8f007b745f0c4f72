export { changeText, valueText } from './change-text.js';
export { configAfter } from './live-config.js';
export { LiveRun, type RunSource } from './live-run.js';
export { LiveRuns } from './live-runs.js';
export type { LineKind, LogLine } from './log-lines.js';
export { LogRows, someLines, type LogRow } from './log-rows.js';
export { LogScroll, ROW_HEIGHT } from './log-scroll.js';
export { everything, isEverything, LogSearch, type LogQuery } from './log-search.js';
export type { RunLog } from './run-log.js';
export type { Sample } from './samples.js';
export { downsample, Series, smoothed, type Points } from './series.js';
export {
  differencesOf,
  slowestOf,
  startOf,
  type Phase,
  type PhaseDifference,
  type Start,
  type StartRecord,
  type StartSegment
} from './start.js';
