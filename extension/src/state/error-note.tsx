import type { ErrorBody } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import { plainText } from './terminal-text.js';

interface ErrorNoteProps {
  trans: TranslationBundle;
  error: Pick<ErrorBody, 'message' | 'hint' | 'details'>;
  /** Buttons that help. */
  children?: ReactNode;
}

/** One sentence of what happened, one of what to do, the details in a fold. */
export const ErrorNote = ({ trans, error, children }: ErrorNoteProps): JSX.Element => (
  <div className="jp-BottegaError" role="alert">
    <p className="jp-BottegaError-message">{error.message}</p>
    {error.hint && <p className="jp-BottegaError-hint">{error.hint}</p>}
    {children && <div className="jp-BottegaError-actions">{children}</div>}
    {error.details && (
      <details>
        <summary>{trans.__('Details')}</summary>
        <pre>{plainText(error.details)}</pre>
      </details>
    )}
  </div>
);
