/** A canvas that has as many pixels as the screen gives it, also after a zoom of the page. */
export class Surface {
  readonly canvas = document.createElement('canvas');
  readonly context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
  ratio = 1;

  constructor(className: string) {
    this.canvas.className = className;
  }

  /** In device pixels. */
  get width(): number {
    return this.canvas.width;
  }

  get height(): number {
    return this.canvas.height;
  }

  /** Takes a size in CSS pixels; what was painted is gone when it is another one. */
  resize(width: number, height: number): void {
    this.ratio = window.devicePixelRatio || 1;
    const [widthPx, heightPx] = [Math.round(width * this.ratio), Math.round(height * this.ratio)];
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    if (this.canvas.width !== widthPx) this.canvas.width = widthPx;
    if (this.canvas.height !== heightPx) this.canvas.height = heightPx;
  }
}
