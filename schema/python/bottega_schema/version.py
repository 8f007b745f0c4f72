"""Generated from schema/src/version.ts by `npm run generate`."""

API_VERSION = 2
