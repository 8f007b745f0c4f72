"""A run without a cluster and without an agent: `bottega-engine run finetune.run.yaml`."""
