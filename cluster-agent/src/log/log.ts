import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino, type Logger } from 'pino';

const FILE_BYTES = 5 * 1024 * 1024;

export type Log = Logger;

/** The log file of the agent, mode 0600. When it is full it becomes `<path>.1` and a new one begins. */
export const openLog = (path: string, level = 'info'): Log => {
  const file = new CappedFile(path);
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, { write: line => file.write(line) });
};

class CappedFile {
  private descriptor: number;
  private sizeBytes: number;

  constructor(private readonly path: string) {
    this.descriptor = openSync(path, 'a', 0o600);
    this.sizeBytes = fstatSync(this.descriptor).size;
  }

  write(line: string): void {
    if (this.sizeBytes > FILE_BYTES) this.startAnew();
    try {
      this.sizeBytes += writeSync(this.descriptor, line);
    } catch {
      // A full disk must not end the agent because it cannot say so.
    }
  }

  private startAnew(): void {
    closeSync(this.descriptor);
    if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
    this.descriptor = openSync(this.path, 'a', 0o600);
    this.sizeBytes = 0;
  }
}
