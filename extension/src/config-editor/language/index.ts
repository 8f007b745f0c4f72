export { complete, type Completion, type CompletionList } from './completion.js';
export { type ConfigKind } from './config-schema.js';
export { hoverAt, type Hover } from './hover.js';
export { filesWantedAt, type FileWanted } from './files.js';
