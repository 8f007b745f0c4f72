import type { Trace } from './trace.js';

/** Heights in CSS pixels. */
export const ROW_HEIGHT = 18;
const FOLDED_ROW_HEIGHT = 4;
const LANE_GAP = 8;
const GROUP_HEIGHT = 26;

/** A heading: a rank and one of its processes. */
export interface PlacedGroup {
  readonly key: string;
  readonly rank: number;
  readonly process: string;
  readonly top: number;
  readonly height: number;
  readonly isFolded: boolean;
}

export interface PlacedLane {
  readonly lane: number;
  readonly top: number;
  readonly height: number;
  readonly isFolded: boolean;
}

export interface PlacedRow {
  /** Index in `Trace.rows`. */
  readonly row: number;
  readonly top: number;
  readonly height: number;
}

export interface LaneLayout {
  readonly groups: readonly PlacedGroup[];
  readonly lanes: readonly PlacedLane[];
  /** From top to bottom. */
  readonly rows: readonly PlacedRow[];
  readonly height: number;
}

export const groupKey = (rank: number, process: string): string => `group ${rank} ${process}`;
export const laneKey = (lane: number): string => `lane ${lane}`;

/** Places groups, lanes and rows below each other. A folded group hides its lanes; a folded lane shows its outline. */
export const layoutLanes = (trace: Trace, folded: ReadonlySet<string>): LaneLayout => {
  const groups: PlacedGroup[] = [];
  const lanes: PlacedLane[] = [];
  const rows: PlacedRow[] = [];
  const keys = new Set(trace.lanes.map(({ rank, process }) => groupKey(rank, process)));
  const hasHeadings = keys.size > 1;
  let top = hasHeadings ? 0 : LANE_GAP;
  let group = '';
  trace.lanes.forEach(({ rank, process, firstRow, depth }, lane) => {
    const key = groupKey(rank, process);
    if (hasHeadings && key !== group) {
      groups.push({ key, rank, process, top, height: GROUP_HEIGHT, isFolded: folded.has(key) });
      top += GROUP_HEIGHT;
    }
    group = key;
    if (hasHeadings && folded.has(key)) return;
    const isFolded = folded.has(laneKey(lane));
    const rowHeight = isFolded ? FOLDED_ROW_HEIGHT : ROW_HEIGHT;
    const height = Math.max(ROW_HEIGHT, rowHeight * depth);
    lanes.push({ lane, top, height, isFolded });
    for (let at = 0; at < depth; at += 1) {
      rows.push({ row: firstRow + at, top: top + at * rowHeight, height: rowHeight });
    }
    top += height + LANE_GAP;
  });
  return { groups, lanes, rows, height: top };
};

/** The row at a height, or null. */
export const rowAt = (layout: LaneLayout, y: number): PlacedRow | null =>
  layout.rows.find(row => y >= row.top && y < row.top + row.height) ?? null;
