export const ROW_HEIGHT = 18;
/** Browsers stop between 17 and 33 million pixels. */
const MAX_HEIGHT = 8_000_000;

/**
 * Where a list of any length stands. `top` is in pixels of the whole list; a list that is higher than a browser can draw
 * has a scrollbar that stands for it in proportion, and wheel and keys move `top` itself.
 */
export class LogScroll {
  top = 0;
  isFollowing = true;
  #rows = 0;
  #height = 0;

  /** How many rows there are and how much of them is seen. */
  resize(rows: number, height: number): void {
    this.#rows = rows;
    this.#height = height;
    this.top = this.isFollowing ? this.#maxTop : Math.min(this.top, this.#maxTop);
  }

  /** The height of what the browser scrolls. */
  get contentHeight(): number {
    return Math.min(this.#rows * ROW_HEIGHT, MAX_HEIGHT);
  }

  get isScaled(): boolean {
    return this.#rows * ROW_HEIGHT > MAX_HEIGHT;
  }

  /** Where the browser's scrollbar belongs. */
  get scrollTop(): number {
    return this.isScaled ? Math.round((this.top / this.#maxTop) * (MAX_HEIGHT - this.#height)) : this.top;
  }

  /** Whether the end is out of sight and nobody follows it. */
  get isAway(): boolean {
    return !this.isFollowing && this.top < this.#maxTop - ROW_HEIGHT / 2;
  }

  get firstRow(): number {
    return Math.floor(this.top / ROW_HEIGHT);
  }

  get rowsInView(): number {
    return Math.ceil(this.#height / ROW_HEIGHT);
  }

  /** The browser scrolled, in a room of this height. It does so by itself when the room changes, and that lets go of nothing. */
  scrolled(scrollTop: number, height: number): void {
    const isOther = height !== this.#height;
    if (isOther) this.resize(this.#rows, height);
    const by = scrollTop - this.scrollTop;
    // Small differences are its rounding.
    if ((isOther && this.isFollowing) || Math.abs(by) < 1.5) return;
    // A finger moves lines; only the scrollbar makes leaps, and stands for all of them.
    const isLeap = this.isScaled && Math.abs(by) > height;
    this.move(isLeap ? (scrollTop / (MAX_HEIGHT - height)) * this.#maxTop : this.top + by);
  }

  /** A movement up lets go of the end, and reaching it follows again. */
  move(top: number): void {
    const to = Math.max(0, Math.min(top, this.#maxTop));
    if (to >= this.#maxTop - ROW_HEIGHT / 2) this.isFollowing = true;
    else if (to < this.top - 1) this.isFollowing = false;
    this.top = to;
  }

  /** Puts a row in the middle, unless it is seen already. */
  reveal(row: number): void {
    const top = row * ROW_HEIGHT;
    if (top >= this.top && top + ROW_HEIGHT <= this.top + this.#height) {
      this.isFollowing = false;
      return;
    }
    this.isFollowing = false;
    this.top = Math.max(0, Math.min(top - this.#height / 2, this.#maxTop));
  }

  get #maxTop(): number {
    return Math.max(0, this.#rows * ROW_HEIGHT - this.#height);
  }
}
