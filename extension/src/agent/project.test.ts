import { expect, it } from 'vitest';
import { pathOf, projectOf } from './project.js';

it('a config lies in the folder that holds it', () => {
  expect(projectOf('/home/ada', 'docstrings/finetune.run.yaml')).toEqual({
    folder: '/home/ada/docstrings',
    configPath: 'finetune.run.yaml'
  });
  expect(projectOf('/home/ada/', 'RTC:finetune.run.yaml')).toEqual({
    folder: '/home/ada',
    configPath: 'finetune.run.yaml'
  });
  expect(projectOf('/', 'a/b.run.yaml')).toEqual({ folder: '/a', configPath: 'b.run.yaml' });
});

it('JupyterLab knows a config by its path below the root, or not at all', () => {
  expect(pathOf('/home/ada', { folder: '/home/ada/docstrings', configPath: 'x.run.yaml' })).toBe(
    'docstrings/x.run.yaml'
  );
  expect(pathOf('/home/ada', { folder: '/home/ada', configPath: 'x.run.yaml' })).toBe('x.run.yaml');
  expect(pathOf('/home/ada', { folder: '/home/adam', configPath: 'x.run.yaml' })).toBeNull();
});
