/** How a stretch of a log line is drawn. Colours are ANSI palette numbers (0 to 15) or `#rrggbb`. */
export interface TextStyle {
  readonly color?: number | string;
  readonly background?: number | string;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
}

export interface StyledText {
  readonly text: string;
  readonly style: TextStyle;
}

/*
 * Everything a terminal would act on: CSI sequences, strings that end with BEL or ST (OSC: titles, links, clipboard;
 * DCS, PM, APC), other escapes. A string without an end reaches to the end of the line.
 */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?/g;
/*
 * What is left of control characters, and the marks that turn the direction of text around: a hostile line could
 * show something other than it copies (https://trojansource.codes).
 */
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text alone, as it is searched and copied. */
export const plainText = (line: string): string => line.replace(SEQUENCE, '').replace(INVISIBLE, '');

/** A line in stretches of one style each. Only SGR (colours and weights) is understood; all else is dropped. */
export const styledText = (line: string): StyledText[] => {
  if (!line.includes('\x1b')) return [{ text: line.replace(INVISIBLE, ''), style: {} }];
  const stretches: StyledText[] = [];
  let style: TextStyle = {};
  let from = 0;
  const take = (to: number): void => {
    const text = line.slice(from, to).replace(INVISIBLE, '');
    if (text) stretches.push({ text, style });
  };
  for (const match of line.matchAll(SEQUENCE)) {
    take(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') style = styleAfter(style, match[1] ?? '');
  }
  take(line.length);
  return stretches;
};

const styleAfter = (style: TextStyle, parameters: string): TextStyle => {
  const codes = parameters.split(/[;:]/).map(Number);
  let next: TextStyle = style;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extendedColor(codes, at + 1);
      at += used;
      if (color !== undefined) next = { ...next, [code === 38 ? 'color' : 'background']: color };
    } else {
      next = withCode(next, code);
    }
  }
  return next;
};

const withCode = (style: TextStyle, code: number): TextStyle => {
  if (code === 0) return {};
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 3) return { ...style, isItalic: true };
  if (code === 4) return { ...style, isUnderlined: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code === 23) return { ...style, isItalic: false };
  if (code === 24) return { ...style, isUnderlined: false };
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  if (code === 39) return without(style, 'color');
  if (code === 49) return without(style, 'background');
  return style;
};

const without = (style: TextStyle, key: 'color' | 'background'): TextStyle => {
  const rest = { ...style };
  delete (rest as Record<string, unknown>)[key];
  return rest;
};

/** The colour of `5;n` or `2;r;g;b`, and how many codes it took. */
const extendedColor = (codes: number[], at: number): [number | string | undefined, number] => {
  if (codes[at] === 5) return [paletteColor(codes[at + 1] ?? 0), 2];
  if (codes[at] === 2) return [hex(codes.slice(at + 1, at + 4)), 4];
  return [undefined, 0];
};

const paletteColor = (index: number): number | string | undefined => {
  if (!(index >= 0 && index <= 255)) return undefined;
  if (index < 16) return index;
  if (index >= 232) return hex(Array<number>(3).fill(8 + (index - 232) * 10));
  const level = (part: number): number => (part ? 55 + part * 40 : 0);
  const cube = index - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
};

const hex = (parts: number[]): string | undefined => {
  const bytes = parts.map(part => Math.min(255, Math.max(0, Math.trunc(part) || 0)));
  return bytes.length === 3 ? `#${bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')}` : undefined;
};
