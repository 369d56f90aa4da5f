import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import t from 'tap'
import { ConfigSchema, loadConfig } from '../../../config.js'

const example = parseEnv(await readFile(new URL('../../../.env.example', import.meta.url), 'utf8'))
const composeFile = await readFile(new URL('../../../docker-compose.yml', import.meta.url), 'utf8')
const settings = Object.keys(ConfigSchema.properties)

t.test('.env.example has every setting but NODE_ENV, and else only what docker-compose.yml reads', async (t) => {
  const composeOnly = [...composeFile.matchAll(/\$\{(\w+)/g)].map(([, name]) => name).filter((name) => !settings.includes(name ?? ''))
  const expected = new Set([...settings.filter((name) => name !== 'NODE_ENV'), ...composeOnly])
  t.same(Object.keys(example).toSorted(), [...expected].toSorted())
})

t.test('.env.example states the defaults', async (t) => {
  t.same(loadConfig(example), loadConfig({}))
  const shown = Object.entries(ConfigSchema.properties).filter(([, { default: value }]) => value !== undefined)
  for (const [name, { default: value }] of shown) t.equal(example[name], String(value), name)
})
