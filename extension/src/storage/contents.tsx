import type { CachedThing, Storage } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatBytes, Meter, RelativeTime } from '../state/index.js';
import { LongList } from './long-list.js';
import { diskBytes, groupsOf, memoryBytes, type ThingGroup } from './storage-summary.js';
import { groupTitle, runsText } from './words.js';

type ClusterStorage = Storage['clusters'][number];

/** What lies where: on this machine, and on each cluster. */
export const StorageContents = ({ trans, storage }: { trans: TranslationBundle; storage: Storage }): JSX.Element => (
  <>
    <Home trans={trans} home={storage.home} />
    {[...storage.clusters].sort(byName).map(cluster => (
      <ClusterPart key={cluster.name} trans={trans} cluster={cluster} />
    ))}
  </>
);

const byName = (a: ClusterStorage, b: ClusterStorage): number => (a.name < b.name ? -1 : 1);

const Home = ({ trans, home }: { trans: TranslationBundle; home: Storage['home'] }): JSX.Element => {
  const { ledger_bytes, disk_free_bytes, disk_total_bytes, runs } = home;
  return (
    <section className="jp-BottegaStorage-place">
      <h3>{trans.__('This machine')}</h3>
      <p>{trans.__('The ledger with the logs of %1: %2', runsText(trans, runs), formatBytes(ledger_bytes))}</p>
      <div className="jp-BottegaStorage-disk">
        <Meter
          label={trans.__('disk')}
          used={disk_total_bytes - disk_free_bytes}
          total={disk_total_bytes}
          unit="bytes"
        />
        <span>{trans.__('%1 of %2 free', formatBytes(disk_free_bytes), formatBytes(disk_total_bytes))}</span>
      </div>
    </section>
  );
};

const ClusterPart = ({ trans, cluster }: { trans: TranslationBundle; cluster: ClusterStorage }): JSX.Element => {
  const { name, things, disk_free_bytes } = cluster;
  const facts = things && [
    trans.__('%1 on disk', formatBytes(diskBytes(things))),
    ...(memoryBytes(things) ? [trans.__('%1 in memory', formatBytes(memoryBytes(things)))] : []),
    ...(disk_free_bytes === null ? [] : [trans.__('%1 free', formatBytes(disk_free_bytes))])
  ];
  return (
    <section className="jp-BottegaStorage-place" data-cluster={name}>
      <h3 title={name}>{trans.__('Cluster %1', name)}</h3>
      <p>{facts ? facts.join(' · ') : trans.__('It does not answer now, so what lies there is not known.')}</p>
      {things && groupsOf(things).map(group => <Group key={group.kind} trans={trans} group={group} />)}
    </section>
  );
};

const Group = ({ trans, group }: { trans: TranslationBundle; group: ThingGroup }): JSX.Element => (
  <details className="jp-BottegaStorage-group">
    <summary>
      <span className="jp-BottegaStorage-title">{groupTitle(trans, group)}</span>
      <span className="jp-BottegaStorage-used">
        {trans.__('used')} <RelativeTime trans={trans} time={group.lastUsed} />
      </span>
      <span className="jp-BottegaStorage-size">{formatBytes(group.sizeBytes)}</span>
    </summary>
    <LongList items={group.things} label={groupTitle(trans, group)} keyOf={thing => thing.id}>
      {thing => <Thing trans={trans} thing={thing} />}
    </LongList>
  </details>
);

const Thing = ({ trans, thing }: { trans: TranslationBundle; thing: CachedThing }): JSX.Element => (
  <>
    <span className="jp-BottegaStorage-title" title={`${thing.label}\n${thing.id}`}>
      {thing.label}
    </span>
    {thing.is_needed && <span className="jp-BottegaStorage-used">{trans.__('in use')}</span>}
    <span className="jp-BottegaStorage-used">
      <RelativeTime trans={trans} time={thing.last_used} />
    </span>
    <span className="jp-BottegaStorage-size">{formatBytes(thing.size_bytes)}</span>
  </>
);
