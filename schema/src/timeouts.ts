/**
 * How many seconds an answer may take. Who asks waits longer than who answers may take, so that the innermost says why
 * there is none: the agent gives the engine up first, and only then does a client give the agent up.
 *
 * `files`: until the head of the answer; a trace is indexed first. `storage`: also a clean-up. The first time after its
 * start an engine looks at every file of every run.
 */
export const ENGINE_ANSWER_S = { usual: 10, submit: 30, files: 60, storage: 120 } as const;

/** A clean-up asks an engine what there is, then to clean up, and then waits a moment for folders to be gone. */
export const AGENT_ANSWER_S = { usual: 30, files: 90, storage: 300 } as const;
