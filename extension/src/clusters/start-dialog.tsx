import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { emptyForm, formFor, problemsOf, specOf, type SpecForm } from './spec-form.js';
import { StartForm } from './start-form.js';

/** What the person decided, with the spec in YAML. */
export interface StartChoice {
  action: 'start' | 'file';
  name: string;
  spec: string;
}

/** Asks which cluster to start. Null when the person changed their mind. */
export const askForCluster = async (
  trans: TranslationBundle,
  provider: SpecForm['provider']
): Promise<StartChoice | null> => {
  const body = new StartBody(trans, formFor(emptyForm, provider));
  const dialog = new Dialog<SpecForm>({
    title: trans.__('Start a cluster'),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.createButton({ label: trans.__('Keep as a file'), actions: ['file'], className: 'jp-mod-reject' }),
      Dialog.okButton({ label: trans.__('Start cluster') })
    ]
  });
  dialog.addClass('jp-BottegaStartDialog');
  body.onValidity = isValid => {
    // The sentence beside the field says what the grey button waits for.
    dialog.node.querySelector<HTMLButtonElement>('button.jp-mod-accept:last-child')!.disabled = !isValid;
  };
  body.onValidity(problemsOf(body.getValue()).length === 0);
  const result = await dialog.launch();
  const form = result.value;
  if (!result.button.accept || !form) return null;
  return { action: result.button.actions.includes('file') ? 'file' : 'start', name: form.name, spec: specOf(form) };
};

class StartBody extends ReactWidget implements Dialog.IBodyWidget<SpecForm> {
  onValidity: (isValid: boolean) => void = () => undefined;
  #form: SpecForm;

  constructor(
    readonly trans: TranslationBundle,
    form: SpecForm
  ) {
    super();
    this.#form = form;
  }

  getValue(): SpecForm {
    return this.#form;
  }

  protected override render(): JSX.Element {
    return (
      <StartForm
        trans={this.trans}
        form={this.#form}
        onChange={form => {
          this.#form = form;
          this.update();
          this.onValidity(problemsOf(form).length === 0);
        }}
      />
    );
  }
}
