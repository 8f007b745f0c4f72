import { useId, type KeyboardEvent, type ReactNode } from 'react';

export interface Tab<K extends string> {
  readonly key: K;
  readonly label: string;
  /** How much there is; shown beside the label when it is not zero. */
  readonly count?: number;
}

interface TabsProps<K extends string> {
  tabs: readonly Tab<K>[];
  current: K;
  onChange: (key: K) => void;
  /** Beside the tabs, at the right. */
  aside?: ReactNode;
  children: ReactNode;
}

/** Tabs of the WAI-ARIA pattern: one stop for the tab key, arrows between them. */
export const Tabs = <K extends string>({ tabs, current, onChange, aside, children }: TabsProps<K>): JSX.Element => {
  const id = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const at = tabs.findIndex(tab => tab.key === current);
    const next = step ? tabs[(at + step + tabs.length) % tabs.length] : undefined;
    if (!next) return;
    onChange(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return (
    <div className="jp-BottegaTabs">
      <div className="jp-BottegaTabs-strip">
        <div role="tablist" onKeyDown={onKeyDown}>
          {tabs.map(tab => (
            <button
              key={tab.key}
              type="button"
              role="tab"
              id={`${id}-${tab.key}`}
              aria-selected={tab.key === current}
              aria-controls={`${id}-panel`}
              tabIndex={tab.key === current ? 0 : -1}
              onClick={() => onChange(tab.key)}
            >
              {tab.label}
              {Boolean(tab.count) && <small>{tab.count}</small>}
            </button>
          ))}
        </div>
        {aside}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`} className="jp-BottegaTabs-body">
        {children}
      </div>
    </div>
  );
};
