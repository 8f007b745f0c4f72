import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Imports go down the layers: schema ← client ← extension; schema ← agent. */
const rooms = [
  { target: './schema', from: ['./kernel-bridge', './cluster-agent', './extension'] },
  { target: './kernel-bridge', from: ['./cluster-agent', './extension'] },
  { target: './cluster-agent', from: ['./kernel-bridge', './extension'] },
  { target: './extension', from: ['./cluster-agent'] }
];

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
  {
    files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly'
      }
    }
  }
);
