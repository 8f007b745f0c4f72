import type { Monaco } from './monaco.js';

const NAME = 'bottega';

/** Makes Monaco look like the theme of JupyterLab that is on now. Called again at every change of the theme. */
export const applyTheme = (monaco: Monaco, isLight: boolean): void => {
  const color = colorReader();
  const token = (name: string, variable: string, extra = {}) => ({
    token: name,
    foreground: color(variable).slice(1),
    ...extra
  });
  monaco.editor.defineTheme(NAME, {
    base: isLight ? 'vs' : 'vs-dark',
    inherit: true,
    rules: [
      token('', '--jp-ui-font-color0'),
      token('type', '--jp-mirror-editor-property-color'),
      // Monaco's light theme has a rule of its own for texts in YAML.
      token('string.yaml', '--jp-mirror-editor-variable-3-color'),
      token('string.escape.yaml', '--jp-mirror-editor-string-2-color'),
      token('number', '--jp-mirror-editor-string-2-color'),
      token('keyword', '--jp-mirror-editor-string-2-color'),
      token('comment', '--jp-mirror-editor-comment-color', { fontStyle: 'italic' }),
      token('operators', '--jp-ui-font-color1'),
      token('delimiter', '--jp-ui-font-color1')
    ],
    colors: {
      'editor.background': color('--jp-layout-color0'),
      'editor.foreground': color('--jp-ui-font-color0'),
      'editorLineNumber.foreground': color('--jp-ui-font-color3'),
      'editorLineNumber.activeForeground': color('--jp-ui-font-color1'),
      'editorCursor.foreground': color('--jp-editor-cursor-color'),
      'editor.selectionBackground': color('--jp-editor-selected-focused-background'),
      'editor.inactiveSelectionBackground': color('--jp-editor-selected-background'),
      'editor.lineHighlightBackground': '#00000000',
      'editor.lineHighlightBorder': '#00000000',
      'editorIndentGuide.background1': color('--jp-border-color3'),
      'editorIndentGuide.activeBackground1': color('--jp-border-color1'),
      'editorError.foreground': color('--jp-error-color1'),
      'editorWarning.foreground': color('--jp-warn-color1'),
      'editorWidget.background': color('--jp-layout-color1'),
      'editorWidget.foreground': color('--jp-ui-font-color1'),
      'editorWidget.border': color('--jp-border-color1'),
      'editorSuggestWidget.background': color('--jp-layout-color1'),
      'editorSuggestWidget.foreground': color('--jp-ui-font-color1'),
      'editorSuggestWidget.border': color('--jp-border-color1'),
      'editorSuggestWidget.selectedBackground': color('--jp-layout-color2'),
      'editorSuggestWidget.selectedForeground': color('--jp-ui-font-color0'),
      'editorSuggestWidget.highlightForeground': color('--jp-brand-color1'),
      'editorSuggestWidget.focusHighlightForeground': color('--jp-brand-color1'),
      'editorHoverWidget.background': color('--jp-layout-color1'),
      'editorHoverWidget.foreground': color('--jp-ui-font-color1'),
      'editorHoverWidget.border': color('--jp-border-color1'),
      'editorHoverWidget.statusBarBackground': color('--jp-layout-color2'),
      'textCodeBlock.background': color('--jp-layout-color2'),
      'textLink.foreground': color('--jp-content-link-color'),
      'menu.background': color('--jp-layout-color1'),
      'menu.foreground': color('--jp-ui-font-color1'),
      'menu.selectionBackground': color('--jp-layout-color2'),
      'menu.selectionForeground': color('--jp-ui-font-color0'),
      'input.background': color('--jp-layout-color0'),
      'input.foreground': color('--jp-ui-font-color0'),
      'input.border': color('--jp-border-color1'),
      focusBorder: color('--jp-brand-color1'),
      'scrollbarSlider.background': `${color('--jp-border-color0').slice(0, 7)}60`,
      'scrollbarSlider.hoverBackground': `${color('--jp-border-color0').slice(0, 7)}a0`,
      'scrollbarSlider.activeBackground': `${color('--jp-border-color0').slice(0, 7)}c0`
    }
  });
  monaco.editor.setTheme(NAME);
};

/** Monaco knows colours as hex alone; a canvas turns whatever a theme writes into its bytes. */
const colorReader = (): ((variable: string) => string) => {
  const style = getComputedStyle(document.body);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  return variable => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = style.getPropertyValue(variable).trim();
    context.fillRect(0, 0, 1, 1);
    const bytes = context.getImageData(0, 0, 1, 1).data;
    return `#${Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')}`;
  };
};
