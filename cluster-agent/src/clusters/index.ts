export { Clusters, type ClustersOptions } from './clusters.js';
export type { EngineSession, RunKeeper } from './run-keeper.js';
export type { Provider, Providers, Observation, OnPhase } from './provider.js';
