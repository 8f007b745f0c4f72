export { Button, IconButton } from './button.js';
export { useNow } from './clock.js';
export { ErrorNote } from './error-note.js';
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatLearningRate,
  formatNumber,
  formatShortDuration,
  formatStepSeconds,
  formatTokensPerSecond,
  NO_NUMBER
} from './formats.js';
export { bottegaIcon, branchIcon, clusterStateIcon, runStateIcon } from './icons.js';
export { mainTab } from './main-tab.js';
export { Meter } from './meter.js';
export { Duration, exactTime, RelativeTime, relativeTime } from './relative-time.js';
export { ClusterBadge, StateBadge } from './state-badge.js';
export { plainText, styledText, type StyledText, type TextStyle } from './terminal-text.js';
export { useReturnFocus } from './use-return-focus.js';
export { useSignal } from './use-signal.js';
export { clusterStateWord, queueText, runStateWord, startLevelMeaning, startLevelWord, stepText } from './words.js';
