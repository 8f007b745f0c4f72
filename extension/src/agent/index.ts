export { AgentStatus, type AgentState } from './agent-status.js';
export { IBottega } from './bottega.js';
export { Ledger, type LedgerChange, type LedgerState } from './ledger.js';
export { agentPlugin } from './plugin.js';
export { projectOf, type Project } from './project.js';
export { StaleNote } from './stale-note.js';
export type { ServerInfo } from './server-info.js';
export { Submissions, type Submission } from './submissions.js';
