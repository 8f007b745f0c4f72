import type { RunEvent } from '@bottega/schema';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatCount } from '../../state/formats.js';
import { runStateWord, startLevelWord } from '../../state/words.js';
import { changeText } from './change-text.js';
import type { LineKind, LogLine } from './log-lines.js';
import { firstWhere } from './log-rows.js';

/** When a line was written, as far as it was seen. */
interface Mark {
  readonly number: number;
  readonly time: number;
}

interface Sentence {
  readonly line: LogLine;
  /** The number of the line above it; null while only its time is known. */
  anchor: number | null;
}

/** More are not kept: the oldest go, and what they said is in the event log. */
const MAX_SENTENCES = 5000;

/**
 * What is said about a run between the lines of its output. Where a sentence belongs is known when it comes with the
 * output around it; of an older one only the time is, and its place is guessed from lines that were seen, until those
 * around it are.
 */
export class LogSentences {
  readonly #sentences: Sentence[] = [];
  /** By time. */
  #marks: Mark[] = [];
  #anchors: number[] | null = [];

  get count(): number {
    return this.#sentences.length;
  }

  at(index: number): LogLine | null {
    return this.#sentences[index]?.line ?? null;
  }

  /** The line above each, in order. */
  get anchors(): readonly number[] {
    this.#anchors ??= this.#place();
    return this.#anchors;
  }

  add(line: LogLine, anchor: number | null): void {
    this.#sentences.push({ line, anchor });
    if (this.#sentences.length > MAX_SENTENCES) this.#sentences.shift();
    this.#anchors = null;
  }

  /** Lines in a row that were seen: sentences of their time are put between them. */
  see(lines: readonly { number: number; time: number }[]): void {
    const first = lines[0];
    const last = lines.at(-1);
    if (!first || !last) return;
    this.#mark(first);
    if (last !== first) this.#mark(last);
    const from = firstWhere(this.#sentences.length, at => (this.#sentences[at]?.line.time ?? 0) >= first.time);
    for (const sentence of this.#sentences.slice(from)) {
      if (sentence.line.time >= last.time) break;
      if (sentence.anchor !== null) continue;
      const above = firstWhere(lines.length, at => (lines[at]?.time ?? 0) > sentence.line.time);
      sentence.anchor = lines[above - 1]?.number ?? first.number;
    }
    this.#anchors = null;
  }

  #mark({ number, time }: Mark): void {
    const at = firstWhere(this.#marks.length, index => (this.#marks[index]?.number ?? 0) >= number);
    if (this.#marks[at]?.number === number) return;
    this.#marks.splice(at, 0, { number, time });
  }

  /** They rise, whatever the clocks of different processes say. */
  #place(): number[] {
    let above = 0;
    return this.#sentences.map(({ line, anchor }) => (above = Math.max(above, anchor ?? this.#guess(line.time))));
  }

  #guess(time: number): number {
    const next = firstWhere(this.#marks.length, at => (this.#marks[at]?.time ?? 0) > time);
    const later = this.#marks[next];
    const earlier = this.#marks[next - 1] ?? { number: 0, time: this.#sentences[0]?.line.time ?? time };
    if (!later) return earlier.number;
    const share = Math.max(0, time - earlier.time) / Math.max(1, later.time - earlier.time);
    return earlier.number + Math.floor(share * (later.number - earlier.number - 1));
  }
}

/** What a log shows of events that are not output; nothing of those that have a place of their own. */
export const sentenceOf = (trans: TranslationBundle, event: RunEvent): LogLine | null => {
  const said = (kind: LineKind, ...texts: string[]): LogLine => {
    const text = texts.filter(Boolean).join(' · ');
    return { time: event.time, kind, rank: null, text };
  };
  switch (event.type) {
    case 'notice':
      return said(event.level, event.message.replace(/\s*\n\s*/g, ' '));
    case 'gap':
      return said('gap', trans.__('Events %1 to %2 are gone. %3', event.first, event.last, event.reason));
    case 'status':
      return said(event.state === 'failed' ? 'error' : 'state', runStateWord(trans, event.state), event.reason);
    case 'start':
      return said('info', trans.__('%1 start', startLevelWord(trans, event.level)), event.reason);
    case 'change':
      return said('info', trans.__('From step %1: %2', formatCount(event.step), changeText(trans, event)));
    default:
      return null;
  }
};
