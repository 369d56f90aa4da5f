import fastifyPlugin from 'fastify-plugin'
import { claimDataDirectory } from '../embedded/data-directory.js'

/** Keeps the data directory for this process, where anything is kept in it. */
export default fastifyPlugin(async (app) => {
  const { DATABASE_URL, S3_ENDPOINT, DATA_DIR } = app.config
  if (DATABASE_URL !== undefined && S3_ENDPOINT !== undefined) return
  const release = claimDataDirectory(DATA_DIR)
  app.addHook('onClose', async () => { release() })
}, { name: 'data-directory', dependencies: ['config'] })
