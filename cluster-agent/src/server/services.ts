import type { AgentInfo } from '@bottega/schema';
import type { Clusters } from '../clusters/index.js';
import type { DashboardProxy } from '../dashboard/index.js';
import type { Ledger } from '../ledger/index.js';
import type { Log } from '../log/index.js';
import type { Retention } from '../retention/index.js';
import type { Runs } from '../runs/index.js';
import type { Searches } from '../search/index.js';
import type { Stream } from '../stream/index.js';

/** What the routes speak for. */
export interface Services {
  info: AgentInfo;
  clusters: Clusters;
  runs: Runs;
  retention: Retention;
  ledger: Ledger;
  searches: Searches;
  stream: Stream;
  dashboard: DashboardProxy;
  log: Log;
}
