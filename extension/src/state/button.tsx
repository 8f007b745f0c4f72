import type { LabIcon } from '@jupyterlab/ui-components';
import type { MouseEvent, ReactNode } from 'react';

interface ButtonProps {
  children: ReactNode;
  onClick: (event: MouseEvent) => void;
  title?: string;
  isPrimary?: boolean;
  /** What it waits for. With a reason the button is grey and says it; it stays reachable, so that one can read it. */
  disabledReason?: string | undefined;
  icon?: LabIcon;
}

/** A button with words. */
export const Button = ({ children, onClick, title, isPrimary, disabledReason, icon }: ButtonProps): JSX.Element => (
  <button
    type="button"
    className={`jp-BottegaButton${isPrimary ? ' jp-mod-primary' : ''}`}
    title={disabledReason ?? title}
    aria-disabled={disabledReason !== undefined}
    onClick={event => {
      if (disabledReason === undefined) onClick(event);
    }}
  >
    {icon && <icon.react tag="span" className="jp-BottegaButton-icon" />}
    {children}
  </button>
);

interface IconButtonProps {
  icon: LabIcon;
  /** Said aloud and on hover. */
  label: string;
  onClick: (event: MouseEvent) => void;
  isPressed?: boolean;
}

/** A button with an icon alone, for rows and headings. */
export const IconButton = ({ icon, label, onClick, isPressed }: IconButtonProps): JSX.Element => (
  <button
    type="button"
    className="jp-BottegaIconButton"
    title={label}
    aria-label={label}
    aria-pressed={isPressed}
    onClick={event => {
      event.stopPropagation();
      onClick(event);
    }}
  >
    <icon.react tag="span" className="jp-BottegaButton-icon" />
  </button>
);
