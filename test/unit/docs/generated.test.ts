import { readFile } from 'node:fs/promises'
import t from 'tap'
import { ConfigSchema } from '../../../config.js'
import { errorCodes } from '../../../schemas/errors.js'

const directory = new URL('../../../', import.meta.url)

/** The cells of a page's table rows that begin with a value in code. */
function rowsOf (page: string): string[][] {
  return [...page.matchAll(/^\|(.*)\|$/gm)].map(([, row]) => (row ?? '').split('|').map((cell) => cell.trim()))
}

const code = (cell: string | undefined) => /^`(.*)`$/.exec(cell ?? '')?.[1]

t.test('docs/configuration.md has every setting with its default', async (t) => {
  const page = await readFile(new URL('docs/configuration.md', directory), 'utf8')
  const shown = rowsOf(page).flatMap(([name, value]) => code(name) === undefined ? [] : [[code(name), code(value)]])
  const settings = Object.entries(ConfigSchema.properties)
    .map(([name, { default: value }]) => [name, value === undefined ? undefined : String(value)])
  t.same(Object.fromEntries(shown), Object.fromEntries(settings))
})

t.test('docs/errors.md has every error code', async (t) => {
  const page = await readFile(new URL('docs/errors.md', directory), 'utf8')
  t.same(rowsOf(page).flatMap(([, name]) => code(name) ?? []).toSorted(), errorCodes.toSorted())
})
