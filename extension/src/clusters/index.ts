export { ClusterActions } from './cluster-actions.js';
export { ClusterSection } from './cluster-section.js';
export { clustersPlugin } from './plugin.js';
