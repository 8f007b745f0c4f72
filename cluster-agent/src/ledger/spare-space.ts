import { existsSync, rmSync, writeFileSync } from 'node:fs';

const SIZE_BYTES = 1024 * 1024;

/** A file that takes up space until it is needed: for how runs and clusters end when the disk is full. */
export class SpareSpace {
  constructor(private readonly path: string) {}

  /** Takes the space if it is to be had; without it everything works but a full disk. */
  keep(): void {
    if (existsSync(this.path)) return;
    try {
      writeFileSync(this.path, Buffer.alloc(SIZE_BYTES), { mode: 0o600 });
    } catch {
      this.give();
    }
  }

  give(): void {
    rmSync(this.path, { force: true });
  }
}
