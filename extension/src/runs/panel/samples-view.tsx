import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { formatCount } from '../../state/index.js';
import type { LiveRun, Sample } from '../live/index.js';

/** Of each prompt, before one asks for more. */
const FIRST = 6;

/** What the model wrote at each prompt, newest first: whether it learns is read and not measured. */
export const SamplesView = ({ trans, run }: { trans: TranslationBundle; run: LiveRun }): JSX.Element => {
  const prompts = byPrompt(run.samples.all);
  if (!prompts.size) return <p className="jp-BottegaTabs-empty">{emptyText(trans, run)}</p>;
  return (
    <div className="jp-BottegaSamples">
      {run.samples.dropped > 0 && (
        <p>{trans.__('%1 samples from the middle are not kept here.', formatCount(run.samples.dropped))}</p>
      )}
      {[...prompts].map(([prompt, samples]) => (
        <PromptSamples key={prompt} trans={trans} prompt={prompt} samples={samples} />
      ))}
    </div>
  );
};

interface PromptSamplesProps {
  trans: TranslationBundle;
  prompt: string;
  /** Oldest first. */
  samples: readonly Sample[];
}

const PromptSamples = ({ trans, prompt, samples }: PromptSamplesProps): JSX.Element => {
  const [isWhole, setWhole] = useState(false);
  const newest = [...samples].reverse();
  return (
    <section>
      <h3>
        <code>{prompt}</code>
      </h3>
      {(isWhole ? newest : newest.slice(0, FIRST)).map((sample, at) => (
        <div key={at} className="jp-BottegaSample">
          <span>{trans.__('step %1', formatCount(sample.step))}</span>
          <pre>{sample.text || <em>{trans.__('nothing')}</em>}</pre>
        </div>
      ))}
      {!isWhole && newest.length > FIRST && (
        <button type="button" className="jp-BottegaLink" onClick={() => setWhole(true)}>
          {trans.__('Show %1 more', newest.length - FIRST)}
        </button>
      )}
    </section>
  );
};

const byPrompt = (samples: readonly Sample[]): Map<string, Sample[]> => {
  const prompts = new Map<string, Sample[]>();
  for (const sample of samples) {
    const known = prompts.get(sample.prompt);
    if (known) known.push(sample);
    else prompts.set(sample.prompt, [sample]);
  }
  return prompts;
};

const emptyText = (trans: TranslationBundle, run: LiveRun): string =>
  run.hasEnded
    ? trans.__('No samples were written. Add `samples:` with prompts to the config to see the model learn.')
    : trans.__('No samples yet. They come where `samples:` in the config says.');
