export { newFile } from './new-file.js';
export { clusterFileEndings, isClusterFile, isRunFile, runFileEndings } from './file-types.js';
export { filesPlugin } from './plugin.js';
