import { createServer, type AddressInfo } from 'node:net';
import { BottegaError, systemCode } from '../../../errors/index.js';

/** A port of loopback that is free at this moment. */
export const freePort = (): Promise<number> => openPort(0);

/** Throws port_in_use when another program listens there. */
export const requirePort = async (port: number): Promise<void> => {
  try {
    await openPort(port);
  } catch (error) {
    if (systemCode(error) !== 'EADDRINUSE' && systemCode(error) !== 'EACCES') throw error;
    throw new BottegaError('port_in_use', `Port ${port} is used by another program.`, {
      hint: 'Choose another dashboard_port, or leave it out to take a free one.',
      cause: error
    });
  }
};

const openPort = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const taken = (server.address() as AddressInfo).port;
      server.close(() => resolve(taken));
    });
  });
