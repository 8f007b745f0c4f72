import { Type, type Static } from 'typebox';
import { DottedName, oneOf } from './common.js';

const closed = { additionalProperties: false } as const;
/** Marks a field that can be changed while the run goes on; the change is applied before the next optimizer step. */
const live = { live: true } as const;
const positive = (description: string, extra = {}) => Type.Integer({ minimum: 1, description, ...extra });
const textList = (description: string) =>
  Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
    description,
    errorMessage: 'must be a path or a list of paths'
  });

export const Resources = Type.Object(
  {
    ranks: positive('Processes that train together (DDP when more than 1).', { default: 1 }),
    cpus_per_rank: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description: 'CPUs reserved for each rank; also its CPU threads.'
    }),
    gpus_per_rank: Type.Number({
      minimum: 0,
      default: 0,
      description: 'GPUs reserved for each rank. Less than 1 shares a GPU: the rank gets that part of its memory.'
    }),
    memory_gib_per_rank: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Memory one rank may use, in GiB; a rank that takes more is ended. Without it, what the node has.'
      })
    )
  },
  { ...closed, required: [], default: {}, description: 'What one run reserves on the cluster.' }
);

export const Lora = Type.Object(
  {
    r: positive('Rank of the update matrices.', { default: 8 }),
    alpha: Type.Number({
      exclusiveMinimum: 0,
      default: 16,
      description: 'Scaling of the update; alpha / r multiplies it.'
    }),
    dropout: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0, description: 'Dropout on the adapter input.' }),
    target_modules: Type.Union(
      [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })],
      {
        default: 'all-linear',
        description: 'Module names to adapt, or `all-linear`.',
        errorMessage: 'must be all-linear, a module name or a list of module names'
      }
    )
  },
  { ...closed, required: [], default: {}, description: 'Low-rank adapter; used when method is lora.' }
);

export const Data = Type.Object(
  {
    train: textList('Training data: JSONL or Parquet files, relative to the project folder.'),
    eval: Type.Optional(textList('Evaluation data. Without it, eval_fraction of the training data can be held out.')),
    eval_fraction: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0,
      description: 'Share of the training examples held out for evaluation.'
    }),
    format: oneOf(
      ['auto', 'text', 'instruction', 'chat'],
      'auto',
      'What a row holds: `text`; `instruction` (instruction, input, output); `chat` (messages). `auto` looks at the first row.'
    ),
    max_length: positive('Tokens in one training sequence; longer examples are cut.', { default: 512 }),
    packing: Type.Boolean({
      default: false,
      description: 'Fill each sequence with several examples; they never see each other.'
    }),
    hook: Type.Optional(DottedName('A function called with every row; returns the row to use, or None to leave it out'))
  },
  { ...closed, required: ['train'], description: 'Where the examples come from and how they become sequences.' }
);

export const ProfileWindow = Type.Object(
  {
    steps: Type.Array(Type.Integer({ minimum: 1 }), {
      ...live,
      minItems: 2,
      maxItems: 2,
      description: 'First and last optimizer step to record, counted from 1.',
      errorMessage: 'must be two step numbers, first and last, for example [20, 25]'
    }),
    with_stack: Type.Boolean({ default: false, description: 'Record Python stacks (slower, larger).', ...live })
  },
  { ...closed, required: ['steps'], description: 'Steps to record with torch.profiler.' }
);

export const Samples = Type.Object(
  {
    prompts: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: 16,
      description: 'Texts the model continues.',
      ...live
    }),
    every_steps: positive('Steps between samples; one is also taken at the end.', { default: 100, ...live }),
    max_new_tokens: positive('Tokens written for each prompt.', { default: 48, maximum: 1024, ...live })
  },
  { ...closed, required: ['prompts'], description: 'Texts generated during training, to see it learn.' }
);

/** A cross-field rule: `key` may not be there when `when` holds. One sentence for browser, agent and engine. */
const refuse = (key: string, errorMessage: string, when: object) => ({
  if: { required: [key], allOf: [when] },
  then: { properties: { [key]: { not: {}, errorMessage } } }
});

const shared = {
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 80,
      description: 'What the run is called in lists. Default: the file name.'
    })
  ),
  extends: Type.Optional(
    Type.String({ minLength: 1, description: 'Another run config, relative to this file; keys here override it.' })
  ),
  lane: oneOf(['warm'], 'warm', 'How the run is started: `warm` forks a process with all libraries already imported.'),
  start: oneOf(
    ['resident', 'forked', 'cold'],
    'resident',
    'The most that is kept from earlier runs: `resident` (base weights, tokenizer and libraries), `forked` (libraries), `cold` (nothing: a new interpreter). The losses are the same.'
  ),
  priority: Type.Integer({
    minimum: -100,
    maximum: 100,
    default: 0,
    description: 'Runs with a higher priority get seats first; equal ones in the order in which they came.'
  }),
  resources: Resources,
  dependencies: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      maxItems: 200,
      description:
        'Packages the run needs besides what is installed, as in requirements.txt. Without it, requirements.txt in the project folder counts if there is one.',
      errorMessage: 'must be a list of requirements, for example [einops==0.8.1]'
    })
  ),
  stall_minutes: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'End the run when it has said nothing (no step, no line) for so long, and show where it hangs.'
    })
  ),
  env: Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), Type.String(), {
    default: {},
    additionalProperties: false,
    description: 'Environment variables for every rank. Not for secrets: they are kept with the run.'
  })
};

export const FinetuneConfig = Type.Object(
  {
    kind: Type.Literal('finetune', { description: 'Fine-tune a causal language model.' }),
    ...shared,
    model: Type.String({
      minLength: 1,
      description:
        'A Hugging Face causal LM: a path relative to the project folder, an absolute path on the cluster, or a hub id.'
    }),
    revision: Type.Optional(Type.String({ minLength: 1, description: 'Branch, tag or commit of a hub model.' })),
    method: oneOf(['lora', 'full'], 'lora', '`lora` trains a small adapter; `full` trains every weight.'),
    lora: Lora,
    data: Data,
    loss: Type.Optional(DottedName("A function (model, batch) -> loss tensor, instead of the model's own loss")),
    seed: Type.Integer({
      minimum: 0,
      maximum: 4294967295,
      default: 42,
      description: 'Seed of data order, dropout and new weights.'
    }),
    bf16: Type.Boolean({ default: false, description: 'Train in bfloat16 (autocast); otherwise float32.' }),
    learning_rate: Type.Number({ exclusiveMinimum: 0, default: 2e-4, description: 'Peak learning rate.', ...live }),
    lr_scheduler_type: oneOf(
      ['linear', 'cosine', 'constant', 'constant_with_warmup'],
      'linear',
      'Shape of the learning rate over the run.'
    ),
    warmup_steps: Type.Integer({ minimum: 0, default: 0, description: 'Steps of linear warm-up.' }),
    max_steps: Type.Optional(
      positive('Optimizer steps, and the end of the schedule. Without it, num_train_epochs decides.', live)
    ),
    num_train_epochs: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description: 'Passes over the data when max_steps is not set.'
    }),
    per_device_train_batch_size: positive('Sequences per rank in one forward pass.', { default: 4 }),
    per_device_eval_batch_size: positive('Sequences per rank in one evaluation pass.', { default: 8 }),
    gradient_accumulation_steps: positive('Forward passes per optimizer step.', { default: 1 }),
    gradient_checkpointing: Type.Boolean({
      default: false,
      description: 'Recompute activations in the backward pass to save memory.'
    }),
    weight_decay: Type.Number({
      minimum: 0,
      default: 0,
      description: 'AdamW weight decay; not applied to biases and norms.'
    }),
    adam_beta1: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.9, description: 'AdamW beta1.' }),
    adam_beta2: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.999, description: 'AdamW beta2.' }),
    adam_epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-8, description: 'AdamW epsilon.' }),
    max_grad_norm: Type.Number({
      minimum: 0,
      default: 1,
      description: 'Gradients are clipped to this norm; 0 turns clipping off.',
      ...live
    }),
    logging_steps: positive('Steps between metrics.', { default: 1, ...live }),
    eval_steps: Type.Optional(
      positive('Steps between evaluations. Without it, one at the end when there is evaluation data.', live)
    ),
    save_steps: Type.Optional(positive('Steps between checkpoints. Without it, only the final model is saved.', live)),
    save_total_limit: Type.Optional(positive('Checkpoints kept; the oldest go first.', live)),
    resume_from_checkpoint: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A run id (its last complete checkpoint), `<run id>/checkpoint-<step>`, or an absolute path on the cluster.'
      })
    ),
    profile: Type.Optional(ProfileWindow),
    samples: Type.Optional(Samples)
  },
  {
    ...closed,
    required: ['kind', 'model', 'data'],
    title: 'Fine-tuning run',
    allOf: [
      refuse('lora', 'lora is only used when method is lora. Remove it, or set method: lora.', {
        required: ['method'],
        properties: { method: { const: 'full' } }
      }),
      refuse('eval_steps', 'eval_steps needs evaluation data: set data.eval or data.eval_fraction.', {
        properties: {
          data: { type: 'object', not: { anyOf: [{ required: ['eval'] }, { required: ['eval_fraction'] }] } }
        }
      }),
      refuse('save_total_limit', 'save_total_limit needs save_steps.', { not: { required: ['save_steps'] } }),
      refuse('revision', 'revision belongs to a hub model; this model is a path.', {
        properties: { model: { type: 'string', pattern: '^[./~]' } }
      })
    ]
  }
);

export const ScriptConfig = Type.Object(
  {
    kind: Type.Literal('script', { description: 'Run your own training script, unchanged.' }),
    ...shared,
    command: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], {
      description:
        'What to run. A Python file (`train.py --epochs 3`) starts in a process with torch and transformers already imported; anything else is simply spawned.',
      errorMessage: 'must be a command line or a list of words'
    })
  },
  { ...closed, required: ['kind', 'command'], title: 'Script run' }
);

export const runConfigs = { finetune: FinetuneConfig, script: ScriptConfig } as const;
export const RunConfig = Type.Union([FinetuneConfig, ScriptConfig], { title: 'Run config' });

/** A live field: its dotted key in the config, `samples.prompts` for example, and its schema. */
export interface LiveField {
  key: string;
  schema: Record<string, unknown>;
}

interface Fields {
  properties?: Record<string, Fields & { live?: boolean }>;
}

const liveBelow = (fields: Fields, prefix: string): LiveField[] =>
  Object.entries(fields.properties ?? {}).flatMap(([name, schema]) =>
    schema.live
      ? [{ key: `${prefix}${name}`, schema: schema as Record<string, unknown> }]
      : liveBelow(schema, `${prefix}${name}.`)
  );

/** The fields of a run config that can be changed while a run of this kind goes on. */
export const liveFields = (kind: RunKind): LiveField[] => liveBelow(runConfigs[kind] as Fields, '');

export type RunKind = keyof typeof runConfigs;
export type FinetuneConfig = Static<typeof FinetuneConfig>;
export type ScriptConfig = Static<typeof ScriptConfig>;
export type RunConfig = Static<typeof RunConfig>;
