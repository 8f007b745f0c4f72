import { themeColors } from '../state/theme.js';
import { families } from './trace.js';

/** Colours of the current theme, for painting. */
export interface TraceColors {
  /** By family. */
  readonly fill: readonly string[];
  /** By family, as the bytes of an image: 0xAABBGGRR without alpha. */
  readonly pixel: Uint32Array;
  /** By family: what is read on it. */
  readonly text: readonly string[];
  readonly background: string;
  readonly stripe: string;
  readonly line: string;
  readonly strongLine: string;
  readonly ink: string;
  readonly faintInk: string;
  readonly accent: string;
  readonly font: string;
}

export const traceColors = (node: Element): TraceColors => {
  const theme = themeColors(node, {
    background: '--jp-layout-color1',
    stripe: '--jp-layout-color2',
    line: '--jp-border-color3',
    strongLine: '--jp-border-color1',
    ink: '--jp-ui-font-color1',
    faintInk: '--jp-ui-font-color2',
    accent: '--jp-brand-color1',
    font: '--jp-ui-font-family'
  });
  const byFamily = themeColors(
    node,
    Object.fromEntries(families.map(family => [family, `--bottega-family-${family}`]))
  );
  const fill = families.map(family => byFamily[family] ?? '#888888');
  const bytes = fill.map(bytesOf);
  return {
    ...theme,
    fill,
    pixel: Uint32Array.from(bytes, ([red, green, blue]) => (blue << 16) | (green << 8) | red),
    text: bytes.map(([red, green, blue]) => (luminance(red, green, blue) > 0.36 ? '#000000de' : '#ffffff'))
  };
};

/** Of `#rrggbb`, which is how style/palette.css writes them. */
const bytesOf = (color: string): [number, number, number] => {
  const number = parseInt(color.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
};

/** Relative luminance (WCAG 2.2). */
const luminance = (...bytes: [number, number, number]): number => {
  const [red, green, blue] = bytes.map(byte => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
