/** The folder a config lies in, and the config's name in it. */
export interface Project {
  /** Absolute, on the machine of the Jupyter server, which is the machine of the agent. */
  folder: string;
  /** Relative to the folder. */
  configPath: string;
}

/** The project of a file. JupyterLab's paths are relative to its root and may begin with the name of a drive. */
export const projectOf = (root: string, path: string): Project => {
  const local = path.replace(/^[^/:]*:/, '').replace(/^\/+/, '');
  const cut = local.lastIndexOf('/');
  const base = root.replace(/\/+$/, '');
  return { folder: cut < 0 ? base || '/' : `${base}/${local.slice(0, cut)}`, configPath: local.slice(cut + 1) };
};

/** The path by which JupyterLab knows a config; null when it lies outside of its root. */
export const pathOf = (root: string, { folder, configPath }: Project): string | null => {
  const base = root.replace(/\/*$/, '/');
  const full = `${folder.replace(/\/+$/, '')}/${configPath}`;
  return full.startsWith(base) ? full.slice(base.length) : null;
};
