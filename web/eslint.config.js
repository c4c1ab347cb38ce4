// SPDX-License-Identifier: MIT
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist/', 'node_modules/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  {
    rules: {
      'max-lines': ['error', 600],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      // The page's own router keeps history; there is no SvelteKit `resolve` here.
      'svelte/no-navigation-without-resolve': 'off',
      // A space between two elements has to be written as {' '}.
      'svelte/no-useless-mustaches': 'off',
      // State is replaced, never changed in place, so plain maps and dates do.
      'svelte/prefer-svelte-reactivity': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  // Made by scripts/gen-types.mjs: as long as the API has records.
  { files: ['src/api/schema.ts'], rules: { 'max-lines': 'off' } },
  { files: ['scripts/**', 'tests/**'], rules: { 'no-console': 'off' } },
);
