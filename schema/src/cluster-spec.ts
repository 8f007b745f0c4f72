import { Type, type Static } from 'typebox';
import { ClusterName } from './common.js';

const closed = { additionalProperties: false } as const;

const shared = {
  name: ClusterName,
  idle_stop_minutes: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'Stop the cluster after this long without a run. Without it, it stays up.'
    })
  )
};

export const LocalClusterSpec = Type.Object(
  {
    provider: Type.Literal('local', { description: 'A Ray cluster on this machine.' }),
    ...shared,
    cpus: Type.Optional(Type.Integer({ minimum: 1, description: 'CPUs to offer. Default: all of this machine.' })),
    gpus: Type.Optional(Type.Integer({ minimum: 0, description: 'GPUs to offer. Default: all of this machine.' })),
    dashboard_port: Type.Optional(
      Type.Integer({
        minimum: 1024,
        maximum: 65535,
        description: 'Port of the Ray Dashboard on loopback. Default: a free one.'
      })
    )
  },
  { ...closed, required: ['provider', 'name'], title: 'Local cluster' }
);

export const ExistingClusterSpec = Type.Object(
  {
    provider: Type.Literal('existing', { description: 'A Ray cluster that already runs somewhere else.' }),
    ...shared,
    address: Type.String({
      pattern: '^https?://[^/@?#]+/?$',
      description: 'The address of its Ray Dashboard, for example http://10.0.0.2:8265.',
      errorMessage: 'must be the address of the Ray Dashboard, for example http://10.0.0.2:8265'
    }),
    token_file: Type.Optional(
      Type.String({ minLength: 1, description: 'A file with the Ray token of that cluster, mode 0600.' })
    ),
    engine_port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      default: 0,
      description: 'Port the engine opens on the head node; 0 takes a free one.'
    })
  },
  { ...closed, required: ['provider', 'name', 'address'], title: 'Existing cluster' }
);

export const clusterSpecs = { local: LocalClusterSpec, existing: ExistingClusterSpec } as const;
export const ClusterSpec = Type.Union([LocalClusterSpec, ExistingClusterSpec], { title: 'Cluster spec' });

export type LocalClusterSpec = Static<typeof LocalClusterSpec>;
export type ExistingClusterSpec = Static<typeof ExistingClusterSpec>;
export type ClusterSpec = Static<typeof ClusterSpec>;
