/** The version of the agent and engine APIs. Both sides compare it when they meet; it changes when either API breaks. */
export const API_VERSION = 2;
