/** What a new run config begins with: the least that makes sense, and where to go from there. */
export const runTemplate = `# A fine-tuning run. Ctrl+Space lists the keys; hover over one to see what it does.
kind: finetune
model: models/my-model    # a folder, or the id of a model on the Hugging Face hub
method: lora
data:
  train: data/train.jsonl
  max_length: 512
max_steps: 200
learning_rate: 2.0e-4
`;

export const clusterTemplate = `# A Ray cluster on this machine. Ctrl+Space lists the keys.
provider: local
name: local
`;
