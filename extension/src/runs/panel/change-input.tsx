import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import { Button, IconButton } from '../../state/index.js';
import type { ChangeField } from './change-fields.js';

type Written = string | readonly string[] | boolean;

interface ChangeInputProps {
  id: string;
  trans: TranslationBundle;
  field: ChangeField;
  written: Written;
  isEdited: boolean;
  error: string | undefined;
  isFirst: boolean;
  onWrite: (written: Written) => void;
}

/** One field: its key as in the config, what it is, and what the schema says of it. */
export const ChangeInput = (props: ChangeInputProps): JSX.Element => {
  const { id, field, isEdited, error } = props;
  return (
    <div className={`jp-BottegaChange-field${isEdited ? ' jp-mod-edited' : ''}${error ? ' jp-mod-wrong' : ''}`}>
      <label htmlFor={id}>
        <code>{field.key}</code>
      </label>
      <FieldControl {...props} />
      <small id={`${id}-help`}>{field.help}</small>
      {error && (
        <small role="alert" className="jp-mod-error">
          {error}
        </small>
      )}
    </div>
  );
};

const FieldControl = (props: ChangeInputProps): JSX.Element => {
  const { id, trans, field, written, error, isFirst, onWrite } = props;
  const described = { id, 'aria-describedby': `${id}-help`, 'aria-invalid': error !== undefined };
  if (typeof written === 'boolean') {
    return <input {...described} type="checkbox" checked={written} onChange={event => onWrite(event.target.checked)} />;
  }
  if (typeof written !== 'string') return <TextList {...props} written={written} />;
  return (
    <input
      {...described}
      type="text"
      className="jp-mod-styled"
      inputMode="decimal"
      autoComplete="off"
      autoFocus={isFirst}
      placeholder={field.value === undefined ? trans.__('not set') : undefined}
      value={written}
      onChange={event => onWrite(event.target.value)}
    />
  );
};

const TextList = ({ id, trans, written, onWrite }: ChangeInputProps & { written: readonly string[] }): JSX.Element => (
  <div className="jp-BottegaChange-texts">
    {written.map((text, at) => (
      <div key={at}>
        <textarea
          id={at === 0 ? id : undefined}
          className="jp-mod-styled"
          rows={Math.min(4, text.split('\n').length)}
          aria-label={trans.__('Text %1', at + 1)}
          value={text}
          onChange={event => onWrite(written.map((each, place) => (place === at ? event.target.value : each)))}
        />
        <IconButton
          icon={closeIcon}
          label={trans.__('Remove text %1', at + 1)}
          onClick={() => onWrite(written.filter((_, place) => place !== at))}
        />
      </div>
    ))}
    <Button icon={addIcon} onClick={() => onWrite([...written, ''])}>
      {trans.__('Add a text')}
    </Button>
  </div>
);
