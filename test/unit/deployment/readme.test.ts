import { access, readFile } from 'node:fs/promises'
import t from 'tap'
import { ConfigSchema } from '../../../config.js'
import { ErrorBodySchema } from '../../../schemas/errors.js'

const directory = new URL('../../../', import.meta.url)
const readme = await readFile(new URL('README.md', directory), 'utf8')

/** The cells of the tables' rows under a heading, without headers. */
function tableUnder (heading: string): string[][] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = [...section.matchAll(/^\|(.*)\|$/gm)].map(([, row]) => (row ?? '').split('|').map((cell) => cell.trim()))
  return rows.slice(2)
}

const code = (cell: string | undefined) => /^`(.*)`$/.exec(cell ?? '')?.[1]

t.test('README.md has every setting with its default', async (t) => {
  const shown = tableUnder('Configuration').map(([name, value]) => [code(name), code(value)])
  const settings = Object.entries(ConfigSchema.properties)
    .map(([name, { default: value }]) => [name, value === undefined ? undefined : String(value)])
  t.same(Object.fromEntries(shown), Object.fromEntries(settings))
})

t.test('README.md has every error code', async (t) => {
  t.same(tableUnder('Errors').map(([, name]) => code(name)).toSorted(), ErrorBodySchema.properties.code.enum.toSorted())
})

t.test('README.md links to files that are there', async (t) => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '')
  t.ok(links.length > 0)
  for (const path of links) await t.resolves(access(new URL(path, directory)), path)
})
