// For resolvers that do not read `exports` in package.json, such as the one of the tslab kernel.
export * from './lib/node/index.js';
