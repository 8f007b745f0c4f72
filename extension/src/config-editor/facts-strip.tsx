import type { TranslationBundle } from '@jupyterlab/translation';
import { useRef } from 'react';
import type { IBottega } from '../agent/index.js';
import { useSignal } from '../state/index.js';
import type { ConfigCheck } from './config-check.js';
import { factsOf, type Fact } from './facts.js';

interface StripProps {
  bottega: IBottega;
  check: ConfigCheck;
  trans: TranslationBundle;
}

/** What the config amounts to, in numbers. */
export const FactsStrip = ({ bottega, check, trans }: StripProps): JSX.Element => {
  useSignal(check.changed);
  useSignal(bottega.ledger.changed, change => change.cluster === undefined);
  const { config } = check.result;
  const project = bottega.projectOf(check.context.path);
  const past = bottega.ledger.runs.filter(
    run => run.folder === project?.folder && run.config_path === project.configPath
  );
  // While something is wrong the last good numbers stay, dimmed: a strip that comes and goes with every key distracts.
  const last = useRef<Fact[]>([]);
  if (config) last.current = factsOf(trans, config, past);
  const facts = last.current;
  const age = config ? undefined : trans.__('As it was before the last change');
  return (
    <dl className={`jp-BottegaFacts${config ? '' : ' jp-mod-old'}${facts.length ? '' : ' jp-mod-empty'}`} title={age}>
      {facts.map(fact => (
        <div key={fact.label}>
          <dt title={fact.value}>{fact.value}</dt>
          <dd>{fact.label}</dd>
        </div>
      ))}
    </dl>
  );
};
