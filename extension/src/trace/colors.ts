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
  const byFamily = (kind: 'family' | 'ink'): string[] => {
    const names = Object.fromEntries(families.map(family => [family, `--bottega-${kind}-${family}`]));
    const colors = themeColors(node, names);
    return families.map(family => colors[family] ?? '');
  };
  const fill = byFamily('family');
  return {
    ...theme,
    fill,
    pixel: Uint32Array.from(fill, imageBytes),
    text: byFamily('ink')
  };
};

/** `#rrggbb`, which is how style/palette.css writes them, as 0x00BBGGRR. */
const imageBytes = (color: string): number => {
  const number = parseInt(color.slice(1), 16);
  return ((number & 255) << 16) | (number & 0xff00) | (number >> 16);
};
