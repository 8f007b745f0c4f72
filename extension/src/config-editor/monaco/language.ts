import type { TranslationBundle } from '@jupyterlab/translation';
import type { editor, IRange, languages } from 'monaco-editor/editor';
import { complete, filesWantedAt, hoverAt, type ConfigKind } from '../language/index.js';
import type { ListFiles } from './file-completion.js';
import type { Monaco } from './monaco.js';

/** The scheme of a model's address says what its file describes. */
const kindOf = (model: editor.ITextModel): ConfigKind | null => {
  const { scheme } = model.uri;
  return scheme === 'bottega-run' ? 'run' : scheme === 'bottega-cluster' ? 'cluster' : null;
};

/** How each open file lists what lies beside it. */
export const fileLists = new WeakMap<editor.ITextModel, ListFiles>();

let isRegistered = false;

/** Completion, hover and quick fixes for the configs; once for the page. */
export const registerLanguage = (monaco: Monaco, trans: TranslationBundle): void => {
  if (isRegistered) return;
  isRegistered = true;

  const rangeOf = (model: editor.ITextModel, start: number, end: number): IRange =>
    monaco.Range.fromPositions(model.getPositionAt(start), model.getPositionAt(end));

  monaco.languages.registerCompletionItemProvider('yaml', {
    triggerCharacters: [' ', '\n', '{', ','],
    provideCompletionItems(model, position) {
      const kind = kindOf(model);
      const list = kind && complete(kind, model.getValue(), model.getOffsetAt(position));
      if (!list) return { suggestions: [] };
      const range = rangeOf(model, list.start, list.end);
      return {
        suggestions: list.items.map(item => ({
          label: { label: item.label, description: item.detail },
          kind:
            item.kind === 'key'
              ? monaco.languages.CompletionItemKind.Property
              : monaco.languages.CompletionItemKind.EnumMember,
          insertText: item.insertText,
          insertTextRules: monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet,
          documentation: { value: item.documentation },
          sortText: String(item.rank).padStart(4, '0'),
          range,
          ...(item.isFollowed ? { command: { id: 'editor.action.triggerSuggest', title: '' } } : {})
        }))
      };
    }
  });

  monaco.languages.registerCompletionItemProvider('yaml', {
    triggerCharacters: ['/'],
    async provideCompletionItems(model, position) {
      const kind = kindOf(model);
      const wanted = kind && filesWantedAt(kind, model.getValue(), model.getOffsetAt(position));
      if (!wanted) return { suggestions: [] };
      const files = (await fileLists.get(model)?.(wanted)) ?? [];
      const { File, Folder } = monaco.languages.CompletionItemKind;
      return {
        suggestions: files.map(({ path, isFolder }) => ({
          label: path,
          kind: isFolder ? Folder : File,
          insertText: path,
          range: rangeOf(model, wanted.start, wanted.end)
        }))
      };
    }
  });

  monaco.languages.registerHoverProvider('yaml', {
    provideHover(model, position) {
      const kind = kindOf(model);
      const hover = kind && hoverAt(kind, model.getValue(), model.getOffsetAt(position));
      return hover ? { range: rangeOf(model, hover.start, hover.end), contents: [{ value: hover.text }] } : null;
    }
  });

  monaco.languages.registerCodeActionProvider('yaml', {
    provideCodeActions(model, _, context) {
      const actions = context.markers.flatMap((marker): languages.CodeAction[] => {
        const suggestion = suggestionOf(marker);
        if (suggestion === null) return [];
        const { startLineNumber, startColumn, endLineNumber, endColumn } = marker;
        const range = { startLineNumber, startColumn, endLineNumber, endColumn };
        const textEdit = { range, text: suggestion };
        return [
          {
            title: trans.__('Write %1', suggestion),
            kind: 'quickfix',
            isPreferred: true,
            diagnostics: [marker],
            edit: { edits: [{ resource: model.uri, versionId: model.getVersionId(), textEdit }] }
          }
        ];
      });
      return { actions, dispose: () => undefined };
    }
  });
};

const MARK = 'suggestion:';

/** A marker carries its suggestion as its code, which Monaco hands back with the marker. */
export const markerCode = (suggestion: string): string => MARK + suggestion;

const suggestionOf = (marker: editor.IMarkerData): string | null =>
  typeof marker.code === 'string' && marker.code.startsWith(MARK) ? marker.code.slice(MARK.length) : null;
