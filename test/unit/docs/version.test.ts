import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parse } from 'yaml'
import { VERSION } from '../../../schemas/version.js'

const read = async (path: string) => await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')

t.test('packages, lock file, OpenAPI document, Helm chart and changelog have one version', async (t) => {
  t.equal(JSON.parse(await read('package.json')).version, VERSION)
  t.equal(JSON.parse(await read('client/package.json')).version, VERSION)
  const lock = JSON.parse(await read('package-lock.json'))
  t.equal(lock.version, VERSION)
  t.equal(lock.packages[''].version, VERSION)
  t.equal(parse(await read('openapi.yaml')).info.version, VERSION)
  const { version, appVersion } = parse(await read('deploy/helm/Chart.yaml'))
  t.strictSame([version, appVersion], [VERSION, VERSION])
  const [newest] = (await read('CHANGELOG.md')).matchAll(/^## \[?([\d.]+)\]? - \d{4}-\d\d-\d\d$/gm)
  t.equal(newest?.[1], VERSION)
})
