import type { NodeResources } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { totalsOf, type ClusterTotals } from './cluster-facts.js';
import { Meter } from '../state/index.js';

interface ResourcesProps {
  trans: TranslationBundle;
  nodes: readonly NodeResources[];
}

/** Meters of the whole cluster; with several nodes, those of each in a fold. */
export const ClusterResources = ({ trans, nodes }: ResourcesProps): JSX.Element | null => {
  if (!nodes.length) return null;
  const meters = <Meters trans={trans} totals={totalsOf(nodes)} />;
  if (nodes.length === 1) return meters;
  return (
    <>
      {meters}
      <details className="jp-BottegaCluster-nodes">
        <summary>{trans._n('%1 node', '%1 nodes', nodes.length)}</summary>
        {nodes.map(node => (
          <div key={node.id} className="jp-BottegaCluster-node">
            <span className="jp-BottegaCluster-host" title={node.host}>
              {node.host}
            </span>
            {node.zygote !== 'ready' && (
              <span className="jp-BottegaCluster-zygote">
                {node.zygote === 'starting' ? trans.__('imports libraries…') : trans.__('cannot import its libraries')}
              </span>
            )}
            <Meters trans={trans} totals={totalsOf([node])} />
          </div>
        ))}
      </details>
    </>
  );
};

const Meters = ({ trans, totals }: { trans: TranslationBundle; totals: ClusterTotals }): JSX.Element => (
  <div className="jp-BottegaCluster-meters">
    <Meter label={trans.__('CPU')} used={totals.cpusBusy} total={totals.cpus} unit="count" />
    <Meter label={trans.__('mem')} used={totals.memoryUsedBytes} total={totals.memoryBytes} unit="bytes" />
    {totals.gpus > 0 && <Meter label={trans.__('GPU')} used={totals.gpusBusy} total={totals.gpus} unit="count" />}
  </div>
);
