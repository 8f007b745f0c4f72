#!/usr/bin/env node
// tslab reads its sockets while another thread still binds them: a client that is quick to ask ends the kernel with
// EBUSY. Bound in one turn of the event loop, no message can come in between.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const zmq = createRequire(require.resolve('tslab'))('zeromq');

/** Socket.bind of zeromq, done at once. */
async function bind(address) {
  this.bindSync(address);
}

for (const Socket of [zmq.Publisher, zmq.Router, zmq.Reply]) {
  Object.defineProperty(Socket.prototype, 'bind', { value: bind });
}
require('tslab/dist/main.js').main();
