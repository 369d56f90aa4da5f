import t from 'tap'
import { MissingPackageError, importOptional } from '../../../errors/missing-package.js'
import { describeStartFailure } from '../../../startup/failure.js'

t.test('a package that is not installed ends the start with one line that names it and the setting', async (t) => {
  const name: string = '@objects-storage/not-installed'
  const error = await t.rejects(importOptional(name, 'This setting', () => import(name)), MissingPackageError)
  t.equal(describeStartFailure(error), 'This setting needs the package @objects-storage/not-installed: npm install @objects-storage/not-installed')
})

t.test('packages that are needed together are named together', async (t) => {
  const name: string = '@objects-storage/not-installed'
  await t.rejects(importOptional(`${name} another`, 'This setting', () => import(name)), {
    message: 'This setting needs packages that are not installed: npm install @objects-storage/not-installed another',
  })
})

t.test('a package that fails while it is loaded is not called missing', async (t) => {
  await t.rejects(importOptional('broken', 'This setting', async () => { throw new TypeError('broken') }), new TypeError('broken'))
})
