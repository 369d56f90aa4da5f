import neostandard from 'neostandard'

/**
 * Which folders a folder may import from. Imports run one way; a folder that is not listed for a folder is out of its reach.
 */
const allowedImports = {
  schemas: ['schemas', 'objects'],
  http: ['http'],
  objects: ['objects'],
  db: ['db', 'objects'],
  embedded: ['embedded', 'objects', 'schemas'],
  identity: ['identity'],
  plugins: ['schemas', 'http', 'objects', 'db', 'embedded', 'identity'],
  routes: ['schemas', 'http', 'objects', 'db'],
  'usage-page': ['usage-page'],
  client: ['client'],
}
const folders = [
  'schemas', 'http', 'objects', 'db', 'embedded', 'identity', 'plugins', 'routes', 'usage-page', 'client', 'commands', 'bench', 'test',
]

const importRules = Object.entries(allowedImports).map(([folder, allowed]) => ({
  files: [`${folder}/**/*.{ts,js}`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{
        regex: `^(\\.\\./)+(${folders.filter((other) => !allowed.includes(other)).join('|')})/`,
        message: `${folder}/ imports only from: ${allowed.join(', ')}.`,
      }],
    }],
  },
}))

export default [
  ...neostandard({ ts: true, ignores: ['dist/**', 'coverage/**', '.tap/**', '.data/**', 'test-output/**', 'client/schema.ts'] }),
  {
    rules: {
      '@stylistic/max-len': ['error', { code: 128, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/comma-dangle': ['error', 'always-multiline'],
    },
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-restricted-syntax': ['error', {
        selector: "MemberExpression[object.name='process'][property.name='env']",
        message: 'The environment is read once, through config.ts.',
      }],
    },
  },
  { files: ['server.ts', 'commands/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  // The compiler checks these files, and knows a browser's globals.
  {
    files: ['usage-page/**/*.js'],
    rules: { 'no-undef': 'off', 'new-cap': ['error', { newIsCapExceptions: ['uPlot'], capIsNew: false }] },
  },
  ...importRules,
]
