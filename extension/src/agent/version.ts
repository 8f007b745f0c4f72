/** The version of this half; a test holds it equal to package.json. The server half must have the same. */
export const VERSION = '0.1.0';
