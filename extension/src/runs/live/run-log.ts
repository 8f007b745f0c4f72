import type { LinePage, RunEvent } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { OutputLines, type LogLine } from './log-lines.js';
import { LogPages, type ReadLines } from './log-pages.js';
import { allLines, LogRows, type LineList, type LogRow } from './log-rows.js';
import { LogSentences, sentenceOf } from './log-sentences.js';

/**
 * The log of a run: the output by numbered lines, and between them what is said about the run. The newest lines come
 * live; all others are read from the agent by number when somebody looks at them, and only so many stay in memory.
 */
export class RunLog {
  /** How many lines the output has. */
  lineCount = 0;
  /** The number of ranks that were seen to write something. */
  ranks = 0;
  readonly #pages: LogPages;
  readonly #sentences = new LogSentences();
  readonly #output = new OutputLines((number, line) => this.#live(number, line));
  #lastSeq = 0;
  /** Whether it is known which line of the output an event now comes after. */
  #isPlaced = true;

  constructor(
    read: ReadLines,
    readonly trans: TranslationBundle,
    maxCharacters?: number
  ) {
    this.#pages = new LogPages(read, maxCharacters);
  }

  /** Takes in the next event. `line`, with the first output after a leap: which line it begins or goes on with. */
  append(event: RunEvent, line?: number): void {
    const isNext = event.seq === this.#lastSeq + 1 || event.type === 'gap';
    if (!isNext) this.#isPlaced = false;
    this.#lastSeq = Math.max(event.seq, event.type === 'gap' ? event.last : 0);
    if (event.type === 'output') {
      this.ranks = Math.max(this.ranks, event.rank + 1);
      this.#output.take(event, this.#isPlaced ? undefined : line);
      if (!this.#isPlaced) this.#sentences.see([{ number: this.#output.number, time: event.time }]);
      this.#isPlaced = true;
      return;
    }
    if (event.type === 'gap') this.#output.close();
    const sentence = sentenceOf(this.trans, event);
    if (sentence) this.#sentences.add(sentence, this.#isPlaced ? this.#output.number : null);
  }

  /** Everything, as rows from the first to the last. */
  get rows(): LogRows {
    return this.rowsOf(allLines(this.lineCount));
  }

  /** Some of the lines, with the sentences between them. */
  rowsOf(lines: LineList): LogRows {
    return new LogRows(lines, this.#sentences.anchors);
  }

  /** What stands in a row, or null while it is not in memory; `load` brings it. */
  lineAt(row: LogRow): LogLine | null {
    return 'number' in row ? this.#pages.line(row.number) : this.#sentences.at(row.sentence);
  }

  /** Reads the page of a line. Rejects with `BottegaError`. */
  async load(number: number): Promise<void> {
    this.#seen(await this.#pages.load(number));
  }

  #seen({ lines, total }: LinePage): void {
    this.lineCount = Math.max(this.lineCount, total);
    for (const { rank } of lines) this.ranks = Math.max(this.ranks, rank + 1);
    this.#sentences.see(lines);
  }

  #live(number: number, line: LogLine | null): void {
    this.lineCount = Math.max(this.lineCount, number);
    this.#pages.set(number, line);
  }
}
