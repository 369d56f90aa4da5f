import type { AddressInfo } from 'node:net'
import fastifyPlugin from 'fastify-plugin'
import { claimDataDirectory, publishAddress } from '../embedded/data-directory.js'

/** Claims the data directory for this process, if anything is kept in it, and records there where the service listens. */
export default fastifyPlugin(async (app) => {
  const { DATABASE_URL, S3_ENDPOINT, DATA_DIR } = app.config
  if (DATABASE_URL !== undefined && S3_ENDPOINT !== undefined) return
  const release = claimDataDirectory(DATA_DIR)
  app.addHook('onListen', async () => {
    const [address] = app.addresses()
    if (typeof address === 'object') publishAddress(DATA_DIR, localOrigin(address))
  })
  app.addHook('onClose', async () => { release() })
}, { name: 'data-directory', dependencies: ['config'] })

/** The origin at which this machine itself can reach a server. */
function localOrigin ({ address, family, port }: AddressInfo): string {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`
}
