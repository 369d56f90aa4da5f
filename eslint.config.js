import neostandard from 'neostandard'
import { importRules } from './eslint.imports.js'

export default [
  ...neostandard({ ts: true, ignores: ['**/dist/**', 'coverage/**', '.tap/**', '.data/**', 'test-output/**', 'client/schema.ts'] }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 128, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    },
  },
  // The compiler checks these files, and knows a browser's globals.
  {
    files: ['page/**/*.ts', 'page/**/*.tsx'],
    rules: { 'no-undef': 'off', 'react/jsx-handler-names': 'off' },
  },
  ...importRules,
]
