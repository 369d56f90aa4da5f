import importX, { createNodeResolver } from 'eslint-plugin-import-x'
import { pageRoomsAbove, rooms, roots, siblings } from './eslint.rooms.js'

const everywhere = [...Object.keys(rooms), ...roots]

const roomZones = Object.entries(rooms).map(([room, { imports }]) => ({
  target: `./${room}`,
  from: everywhere.filter((other) => other !== room && !imports.includes(other)).map((other) => `./${other}`),
  message: `${room}/ imports only from: ${[room, ...imports].join(', ')}.`,
}))
const pageZones = Object.entries(pageRoomsAbove).map(([room, above]) => ({
  target: `./${room}`, from: above.map((other) => `./${other}`), message: `${room}/ imports nothing from: ${above.join(', ')}.`,
}))
const siblingZones = Object.entries(siblings).map(([room, { importer, helpers }]) => ({
  target: importer === undefined ? `./${room}` : `./${room}/**/!(${importer})`,
  from: `./${room}`,
  except: helpers.map((helper) => `./${helper}`),
  message: `The files of ${room}/ do not import one another.`,
}))

const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'The environment is read once, through config.ts.',
}

/** Refuses all packages but these; `import()` has its own selector, since `no-restricted-imports` does not see it. */
function packageRules (room, packages) {
  const names = packages.map((name) => name.replaceAll('/', '\\u002F'))
  const others = `^(?!\\.|#|node:|(?:${[...names, '$'].join('|')})(?:\\u002F|$))`
  const message = `${room}/ imports no packages but: ${packages.join(', ') || 'none'}.`
  return {
    files: [`${room}/**/*.{ts,tsx,js}`],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: others, message }] }],
      'no-restricted-syntax': ['error', environment, { selector: `ImportExpression[source.value=/${others}/]`, message }],
    },
  }
}

/** The rules that keep the rooms apart. */
export const importRules = [
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.js'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.tsx', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } })],
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: [...roomZones, ...pageZones, ...siblingZones] }],
    },
  },
  { files: ['**/*.ts'], rules: { 'no-restricted-syntax': ['error', environment] } },
  ...Object.entries(rooms).flatMap(([room, { packages }]) => packages === undefined ? [] : [packageRules(room, packages)]),
  // Code that starts processes passes the environment to config.ts.
  { files: ['server.ts', 'commands/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
]
