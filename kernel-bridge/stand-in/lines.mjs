// The output of a run by lines, as the agent counts them (LogLine in the schema); all of it in memory.

const MOST_CHARACTERS = 16_384;

class RunLines {
  lines = [];
  /** The number of the line with which each output event begins or goes on. */
  firstLines = new Map();
  taken = 0;
  open = null;
  isReturned = false;

  take({ seq, time, type, rank, stream, text }) {
    if (type === 'gap') this.open = null;
    if (type !== 'output' || !text) return;
    if (this.open?.rank !== rank || this.open.stream !== stream) this.close();
    this.firstLines.set(seq, this.open ? this.open.number : this.lines.length + 1);
    for (const [part] of text.matchAll(/\r\n|\n|\r|[^\r\n]+/g)) {
      if (part === '\r') this.isReturned = this.open !== null;
      else if (part === '\n' || part === '\r\n') {
        if (!this.open) this.begin({ time, rank, stream });
        this.close();
      } else this.write(part, { time, rank, stream });
    }
  }

  write(part, from) {
    if (this.isReturned) this.open.text = '';
    this.isReturned = false;
    for (let rest = part; rest;) {
      if (!this.open || this.open.text.length === MOST_CHARACTERS) this.begin(from);
      const room = MOST_CHARACTERS - this.open.text.length;
      this.open.text += rest.slice(0, room);
      this.open.time = from.time;
      rest = rest.slice(room);
    }
  }

  begin(from) {
    this.open = { number: this.lines.length + 1, ...from, text: '' };
    this.lines.push(this.open);
  }

  close() {
    this.open = null;
    this.isReturned = false;
  }
}

const known = new WeakMap();

/** The lines of an event log, which only grows. */
export const linesOf = events => {
  const lines = known.get(events) ?? new RunLines();
  known.set(events, lines);
  for (; lines.taken < events.length; lines.taken += 1) lines.take(events[lines.taken]);
  return lines;
};

export const linePage = (events, { searchParams }) => {
  const from = Number(searchParams.get('from') ?? 1);
  const { lines } = linesOf(events);
  return { lines: lines.slice(from - 1, from - 1 + Number(searchParams.get('limit') ?? 1000)), total: lines.length };
};

/** Throws what is wrong with a regular expression. */
export const searchPage = (events, { searchParams }) => {
  const { lines } = linesOf(events);
  const text = searchParams.get('text');
  const source = searchParams.get('regex') === 'true' ? text : RegExp.escape(text);
  const pattern = new RegExp(source, searchParams.get('case') === 'true' ? 'u' : 'iu');
  const limit = Number(searchParams.get('limit') ?? 1000);
  const found = lines.slice(Number(searchParams.get('from') ?? 1) - 1).filter(line => pattern.test(line.text));
  const next = found.length > limit ? found[limit - 1].number + 1 : null;
  return { lines: found.slice(0, limit), next, total: lines.length };
};

/** What a follower with `output: tail` leaves out: the output before this number. */
export const tailStart = events => {
  const { lines, firstLines } = linesOf(events);
  return [...firstLines].find(([, line]) => line >= lines.length - 1000)?.[0] ?? events.length + 1;
};
