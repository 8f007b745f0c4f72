import { formatBytes, formatCount } from './formats.js';

interface MeterProps {
  label: string;
  used: number;
  total: number;
  unit: 'count' | 'bytes';
}

/** How much of something is used: a bar, the numbers on hover and for screen readers. */
export const Meter = ({ label, used, total, unit }: MeterProps): JSX.Element => {
  const format = unit === 'bytes' ? formatBytes : (value: number) => formatCount(value);
  const share = total > 0 ? Math.min(1, Math.max(0, used / total)) : 0;
  const text = `${format(used)} / ${format(total)}`;
  return (
    <span className="jp-BottegaMeter" title={`${label} ${text}`}>
      <span className="jp-BottegaMeter-label">{label}</span>
      <span
        className="jp-BottegaMeter-track"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={used}
        aria-valuetext={text}
      >
        <span
          className={`jp-BottegaMeter-fill${share > 0.9 ? ' jp-mod-high' : ''}`}
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </span>
  );
};
