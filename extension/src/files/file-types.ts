export const runFileEndings = ['.run.yaml', '.run.yml'];
export const clusterFileEndings = ['.cluster.yaml', '.cluster.yml'];

export const isRunFile = (path: string): boolean => runFileEndings.some(ending => path.endsWith(ending));
export const isClusterFile = (path: string): boolean => clusterFileEndings.some(ending => path.endsWith(ending));
