import type { RankColumns } from './build-trace.js';

export interface TreeNode {
  readonly name: string;
  readonly family: string;
  readonly start: number;
  readonly duration: number;
  readonly children?: readonly TreeNode[];
}

/** A rank as the engine sends it, from trees of slices, one list of trees a lane. */
export const rankOf = (lanes: readonly (readonly TreeNode[])[], rank = 0, originUs = 0): RankColumns => {
  const start: number[] = [];
  const duration: number[] = [];
  const name: number[] = [];
  const family: number[] = [];
  const lane: number[] = [];
  const depth: number[] = [];
  const names: string[] = [];
  const familyNames: string[] = [];
  const numberIn = (list: string[], word: string): number => {
    if (!list.includes(word)) list.push(word);
    return list.indexOf(word);
  };
  const depths = lanes.map(() => 0);
  const add = (node: TreeNode, laneNumber: number, level: number): void => {
    start.push(node.start);
    duration.push(node.duration);
    name.push(numberIn(names, node.name));
    family.push(numberIn(familyNames, node.family));
    lane.push(laneNumber);
    depth.push(level);
    depths[laneNumber] = Math.max(depths[laneNumber] ?? 0, level + 1);
    node.children?.forEach(child => add(child, laneNumber, level + 1));
  };
  lanes.forEach((trees, number) => trees.forEach(tree => add(tree, number, 0)));
  return {
    originUs,
    lanes: lanes.map((_, number) => ({ rank, process: 'CPU', thread: `thread ${number}`, depth: depths[number] ?? 0 })),
    start: Float64Array.from(start),
    duration: Float32Array.from(duration),
    name: Int32Array.from(name),
    names,
    family: Int8Array.from(family),
    familyNames,
    lane: Uint16Array.from(lane),
    depth: Uint8Array.from(depth),
    isTruncated: false
  };
};

/** A trace of about `count` slices in lanes of nested calls, without a random number: the same every time. */
export const largeRank = (count: number, laneCount: number, depthCount: number): RankColumns => {
  const perLane = Math.floor(count / laneCount);
  const perTree = 2 ** depthCount - 1;
  const total = Math.floor(perLane / perTree) * perTree * laneCount;
  const columns = {
    start: new Float64Array(total),
    duration: new Float32Array(total),
    name: new Int32Array(total),
    family: new Int8Array(total),
    lane: new Uint16Array(total),
    depth: new Uint8Array(total)
  };
  const familyNames = ['matmul', 'attention', 'norm', 'optimizer', 'communication', 'copy', 'host', 'other'];
  const names = Array.from({ length: 64 }, (_, number) => `aten::operator_${number}`);
  let at = 0;
  const addTree = (lane: number, from: number, duration: number, level: number): void => {
    const name = (at * 7919) % names.length;
    columns.start[at] = from;
    columns.duration[at] = duration;
    columns.name[at] = name;
    columns.family[at] = name % familyNames.length;
    columns.lane[at] = lane;
    columns.depth[at] = level;
    at += 1;
    if (level + 1 === depthCount) return;
    addTree(lane, from + duration * 0.02, duration * 0.4, level + 1);
    addTree(lane, from + duration * 0.5, duration * 0.4, level + 1);
  };
  for (let lane = 0; lane < laneCount; lane += 1) {
    for (let tree = 0; at < (total / laneCount) * (lane + 1); tree += 1) addTree(lane, tree * 40, 36, 0);
  }
  const lanes = Array.from({ length: laneCount }, (_, lane) => ({
    rank: 0,
    process: 'CPU',
    thread: `thread ${lane}`,
    depth: depthCount
  }));
  return { originUs: 0, lanes, names, familyNames, isTruncated: false, ...columns };
};
