import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatLearningRate,
  formatNumber,
  formatShortDuration,
  formatStepSeconds,
  formatTokensPerSecond
} from './formats.js';

describe('numbers', () => {
  it('have three digits that count and a unit above a thousand', () => {
    const texts = [1.8437, 12_412, 8_200_000, 0.04219, 0.19, 999.6, 123.4, 7, 0, -2.5].map(formatNumber);
    expect(texts).toEqual(['1.84', '12.4k', '8.2M', '0.042', '0.19', '1k', '123', '7.00', '0', '−2.50']);
  });

  it('that are tiny keep their exponent, and learning rates always do', () => {
    expect(formatNumber(0.00019)).toBe('1.9e-4');
    expect([2e-4, 0.001, 1.93e-5, 0].map(formatLearningRate)).toEqual(['2e-4', '1e-3', '1.93e-5', '0']);
  });

  it('of a config keep every digit', () => {
    expect([1.2345e-4, 0.05, 0.123456, 250, 0, -1e-3].map(formatExact)).toEqual([
      '1.2345e-4',
      '0.05',
      '0.123456',
      '250',
      '0',
      '-1e-3'
    ]);
  });

  it('that are not there are a dash, and infinities say so', () => {
    expect([null, undefined, Number.NaN].map(formatNumber)).toEqual(['–', '–', '–']);
    expect(formatNumber(-Infinity)).toBe('−∞');
  });

  it('that count are whole and grouped', () => {
    expect(formatCount(2000)).toBe('2\u202f000');
    expect(formatCount(1_234_567)).toBe('1\u202f234\u202f567');
    expect(formatCount(412)).toBe('412');
  });
});

describe('units', () => {
  it('of speed', () => {
    expect(formatTokensPerSecond(12_412)).toBe('12.4k tok/s');
    expect(formatStepSeconds(0.4138)).toBe('0.41 s/step');
    expect(formatStepSeconds(0.0042)).toBe('0.0042 s/step');
    expect(formatStepSeconds(72)).toBe('1 min 12 s/step');
  });

  it('of time grow with it', () => {
    const texts = [9, 41.4, 580, 3_249, 12_300, 182_000, 7_500_000, 274_000_000].map(formatDuration);
    expect(texts).toEqual(['9 ms', '41 ms', '0.58 s', '3.2 s', '12 s', '3 min 02 s', '2 h 05 min', '3 d 4 h']);
  });

  it('of time in short are the largest alone', () => {
    const texts = [0, 400, 3_900, 59_900, 182_000, 7_500_000].map(formatShortDuration);
    expect(texts).toEqual(['1 s', '1 s', '3 s', '59 s', '3 min', '2 h']);
  });

  it('of size are decimal', () => {
    const texts = [0, 999, 1000, 612_300_000, 1_400_000_000].map(formatBytes);
    expect(texts).toEqual(['0 B', '999 B', '1 kB', '612 MB', '1.4 GB']);
  });
});
