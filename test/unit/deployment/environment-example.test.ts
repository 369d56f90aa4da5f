import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import t from 'tap'
import { ConfigSchema, loadConfig } from '../../../config.js'
import { environmentExample } from '../../../config/documents.js'

const text = await readFile(new URL('../../../.env.example', import.meta.url), 'utf8')
const example = parseEnv(text)
const composeFile = await readFile(new URL('../../../docker-compose.yml', import.meta.url), 'utf8')
const settings = Object.keys(ConfigSchema.properties)

t.test('.env.example has every setting but NODE_ENV, and else only what docker-compose.yml reads', async (t) => {
  const composeOnly = [...composeFile.matchAll(/\$\{(\w+)/g)].map(([, name]) => name).filter((name) => !settings.includes(name ?? ''))
  const expected = new Set([...settings.filter((name) => name !== 'NODE_ENV'), ...composeOnly])
  t.same(Object.keys(example).toSorted(), [...expected].toSorted())
})

t.test('.env.example is what npm run docs writes, and names each setting once', async (t) => {
  t.equal(text, environmentExample())
  const names = [...text.matchAll(/^(\w+)=/gm)].map(([, name]) => name)
  t.same(names, [...new Set(names)])
})

t.test('.env.example states the defaults', async (t) => {
  t.same(loadConfig(example), loadConfig({}))
  const shown = Object.entries(ConfigSchema.properties).filter(([, { default: value }]) => value !== undefined)
  for (const [name, { default: value }] of shown) t.equal(example[name], String(value), name)
})
