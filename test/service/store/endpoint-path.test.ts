import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startService } from '../../support/service.js'
import { storeKinds } from '../../support/stores.js'

/*
 * A gateway that offers a store below a path verifies signatures over the whole path. So does any store in which the path is
 * the name of a bucket: to that store, the configured bucket's name is the beginning of the key.
 */
for (const { name, skip, open } of storeKinds) {
  t.test(`the path of an endpoint is signed and sent: ${name}`, { skip }, async (t) => {
    const { endpoint, environment, close } = await open()
    t.teardown(close)
    const outer = await startService(t, environment)
    const { bucket } = outer.app.storeTarget
    for (const slash of ['', '/']) {
      const inner = await startService(t, { ...environment, S3_ENDPOINT: `${endpoint}/${bucket}${slash}`, S3_BUCKET: 'inner', S3_PREFIX: 'team/' })
      const objectKey = await inner.putFile(`put by ${slash}`, { fileName: `ä ${randomUUID()}.txt` })
      const seen = await outer.app.minio.getObject(bucket, `inner/team/${objectKey}`)
      seen.destroy()

      const { headers } = await inner.app.inject(inner.downloadPath(objectKey))
      t.ok(String(headers.location).startsWith(`${endpoint}/${bucket}/inner/team/acme/`))
      t.equal(await (await inner.follow(String(headers.location))).text(), `put by ${slash}`)
      t.equal((await inner.app.objectStorage.head(objectKey))?.sizeBytes, `put by ${slash}`.length)
      await inner.app.objectStorage.remove(objectKey)
      t.equal(await inner.app.objectStorage.head(objectKey), undefined)
    }
  })
}
