import { existsSync, rmSync, writeFileSync } from 'node:fs';

const SIZE_BYTES = 1024 * 1024;

/** A file that takes up space until it is needed: for how runs and clusters end when the disk is full. */
export class SpareSpace {
  constructor(private readonly path: string) {}

  /** Whether the space is there, or could be taken now. */
  keep(): boolean {
    if (existsSync(this.path)) return true;
    try {
      writeFileSync(this.path, Buffer.alloc(SIZE_BYTES), { mode: 0o600 });
      return true;
    } catch {
      this.give();
      return false;
    }
  }

  give(): void {
    rmSync(this.path, { force: true });
  }
}
