import type { ClusterSpec } from '@bottega/schema';
import type { Head } from '../ray/index.js';

/** What a look at a cluster found. `gone` is for good; `unreachable` may be over in a moment. */
export type Observation =
  { is: 'up'; head: Head } | { is: 'unreachable'; reason: string } | { is: 'gone'; reason: string };

/** Names a phase that begins now; the one before is over. */
export type OnPhase = (name: 'ray' | 'dashboard', waitsFor: string) => void;

/** How clusters of one kind come, go and are looked at. One provider object belongs to one cluster. */
export interface Provider {
  /** Brings the head up, or finds it up. Throws BottegaError; stops early when the signal is aborted. */
  up(onPhase: OnPhase, signal: AbortSignal): Promise<Head>;
  /** Ends what `up` made, also half of it. Nothing there is success. */
  down(): Promise<void>;
  observe(signal: AbortSignal): Promise<Observation>;
  /** What the engine's process on the head needs in its environment. */
  engineEnvironment(): Record<string, string>;
}

export type ProviderOf<Spec extends ClusterSpec = ClusterSpec> = (spec: Spec, folder: string) => Provider;
/** The ways to have a cluster, by the word in the spec. */
export type Providers = { [Spec in ClusterSpec as Spec['provider']]: ProviderOf<Spec> };
