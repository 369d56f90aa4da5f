/* Starts versitygw for the tests and prints the variables that name it; it runs until SIGTERM or SIGINT. For .ci/run. */
import { once } from 'node:events'
import { startVersitygw } from './versitygw.js'

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
const { endpoint, accessKey, secretKey, stop } = await startVersitygw()
console.log(`export TEST_S3_ENDPOINT=${endpoint} TEST_S3_ACCESS_KEY=${accessKey} TEST_S3_SECRET_KEY=${secretKey}`)
await stopped
await stop()
