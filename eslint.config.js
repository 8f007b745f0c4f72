import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Imports go down the layers: schema ← client ← extension; schema ← agent. */
const rooms = [
  { target: './schema', from: ['./kernel-bridge', './cluster-agent', './extension'] },
  { target: './kernel-bridge', from: ['./cluster-agent', './extension'] },
  { target: './cluster-agent', from: ['./kernel-bridge', './extension'] },
  { target: './extension', from: ['./cluster-agent'] }
];

/** Jupyter's own rules, as it recommends them, for its half alone. A warning there is an error here. */
const jupyterRules = jupyter.configs.recommended.map(({ files, rules, ...rest }) => ({
  ...rest,
  plugins: { jupyter },
  files: files.map(pattern => `extension/${pattern}`),
  rules: Object.fromEntries(Object.entries(rules).map(([name, level]) => [name, level === 'off' ? 'off' : 'error']))
}));

export default tseslint.config(
  { ignores: ['**/lib/**', '**/node_modules/**', '.venv/**', 'extension/server/**', 'test/artifacts/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    plugins: { 'import-x': importX },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: rooms }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      curly: ['error', 'multi-line'],
      eqeqeq: 'error'
    }
  },
  ...jupyterRules,
  {
    // Several of Jupyter's rules look at types.
    files: ['extension/src/**/*.{ts,tsx}'],
    ignores: ['**/*.test.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Our own modules are small; what is heavy must come late wherever it is imported.
      'jupyter/prefer-lazy-imports': [
        'error',
        {
          ignoreImports: ['./*', '../*', '@bottega/*'],
          deferredPackages: ['monaco-editor', 'uplot', 'apache-arrow']
        }
      ]
    }
  },
  { files: ['extension/**/*.test.{ts,tsx}'], rules: { 'jupyter/no-untranslated-string': 'off' } },
  {
    files: ['**/*.json'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off', '@typescript-eslint/no-unused-expressions': 'off' }
  },
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly'
      }
    }
  }
);
