/** How numbers are written everywhere: with their unit and as many digits as say something. Units are not translated. */

const NARROW_SPACE = '\u202f';
export const NO_NUMBER = '–';

const isNumber = (value: number | null | undefined): value is number =>
  typeof value === 'number' && !Number.isNaN(value);

/** `412`, `2 000`. */
export const formatCount = (value: number | null | undefined): string =>
  isNumber(value) ? String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE) : NO_NUMBER;

/** Three digits that count: `1.84`, `12.4k`, `8.2M`, `0.042`, `1.9e-4`. */
export const formatNumber = (value: number | null | undefined): string => {
  if (!isNumber(value)) return NO_NUMBER;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size === 0) return '0';
  if (size < 0.001) return sign + size.toExponential(1);
  if (size < 1) return sign + trimZeros(size.toPrecision(size < 0.1 ? 2 : 3));
  if (size < 999.5) return sign + size.toPrecision(3).replace(/^(\d{3})\..*$/, '$1');
  const units = ['k', 'M', 'G', 'T', 'P'];
  let scaled = size / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return sign + trimZeros(scaled.toPrecision(scaled < 10 ? 2 : 3)) + units[unit];
};

/** Every digit of a number, as people write it in a config: `2e-4`, `0.05`, `250`. */
export const formatExact = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toExponential() : String(value);

/** A learning rate as people write it: `2e-4`. */
export const formatLearningRate = (value: number | null | undefined): string =>
  isNumber(value) && value !== 0 ? value.toExponential(2).replace(/\.?0+e/, 'e') : formatNumber(value);

/** `12.4k tok/s`. */
export const formatTokensPerSecond = (value: number | null | undefined): string => `${formatNumber(value)} tok/s`;

/** `0.41 s/step`; from a minute on `1 min 12 s/step`. */
export const formatStepSeconds = (seconds: number | null | undefined): string => {
  if (!isNumber(seconds)) return `${NO_NUMBER} s/step`;
  if (seconds >= 60) return `${formatDuration(seconds * 1000)}/step`;
  return `${seconds < 0.01 ? formatNumber(seconds) : seconds.toFixed(seconds < 10 ? 2 : 0)} s/step`;
};

/** `41 ms`, `0.58 s`, `12 s`, `3 min 02 s`, `2 h 05 min`, `3 d 4 h`. */
export const formatDuration = (durationMs: number | null | undefined): string => {
  if (!isNumber(durationMs)) return NO_NUMBER;
  const ms = Math.max(0, durationMs);
  if (ms < 9.95) return `${trimZeros(ms.toFixed(1))} ms`;
  if (ms < 99.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** The largest unit alone, for where things only pass by: `41 s`, `3 min`, `2 h`. */
export const formatShortDuration = (durationMs: number | null | undefined): string =>
  formatDuration(isNumber(durationMs) ? Math.max(1000, Math.floor(durationMs / 1000) * 1000) : durationMs)
    .replace(/\.0 s$/, ' s')
    .split(' ')
    .slice(0, 2)
    .join(' ');

/** Decimal units, as disks and `GB` have them: `612 MB`, `1.4 GB`. */
export const formatBytes = (sizeBytes: number | null | undefined): string => {
  if (!isNumber(sizeBytes)) return NO_NUMBER;
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let scaled = sizeBytes;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled : trimZeros(scaled.toPrecision(scaled < 10 ? 2 : 3))} ${units[unit]}`;
};

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
