import type { Run, RunMime } from '@bottega/schema';

const RUN_MIME = 'application/vnd.bottega.run+json';

/** Shows one thing of one MIME type in a notebook; `tslab.display` is one. */
export interface Displayer {
  raw(mime: string, data: unknown): void;
}

/**
 * Shows the run live where the renderer is installed. tslab sends one MIME type in one message, so the picture for
 * other places is a message of its own; the JupyterLab extension hides it by its class.
 */
export const show = (display: Displayer, run: Run): void => {
  display.raw(RUN_MIME, { version: 1, id: run.id, run, taken: Date.now() } satisfies RunMime);
  display.raw('text/html', fallbackHtml(run));
};

export const fallbackHtml = (run: Run): string => {
  const loss = run.loss === null ? '' : ` · loss ${run.loss.toFixed(3)}`;
  const step = run.step ? ` · step ${run.step}${run.max_steps === null ? '' : `/${run.max_steps}`}` : '';
  const line = `${run.state}${step}${loss} on ${run.cluster}`;
  return `<div class="bottega-run-fallback"><b>${escape(run.name)}</b> ${escape(line)} <code>${escape(run.id)}</code></div>`;
};

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, character => entities[character] ?? character);
