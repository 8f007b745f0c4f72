import type { Contents } from '@jupyterlab/services';

/** Writes a new text file; a number in its name keeps one that is there already. Answers its path. */
export const newFile = async (
  contents: Contents.IManager,
  folder: string,
  stem: string,
  ending: string,
  content: string
): Promise<string> => {
  const listed = (await contents.get(folder)).content as { name: string }[];
  const taken = new Set(listed.map(entry => entry.name));
  let name = stem + ending;
  for (let count = 2; taken.has(name); count += 1) name = `${stem}-${count}${ending}`;
  const path = folder ? `${folder}/${name}` : name;
  await contents.save(path, { type: 'file', format: 'text', content });
  return path;
};
