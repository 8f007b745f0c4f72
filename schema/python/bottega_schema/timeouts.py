"""Generated from schema/src/timeouts.ts by `npm run generate`."""

AGENT_ANSWER_S = {"usual": 30, "files": 90, "storage": 300}
