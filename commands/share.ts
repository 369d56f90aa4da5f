import { loadConfig } from '../config.js'
import { connectTraffic } from '../embedded/demo/traffic-client.js'
import { runCommand } from './command.js'
import { mintDemoToken } from './mint-token.js'
import { addressOfService } from './running-service.js'
import { SHARE_HELP, runShare } from './share-links.js'

const TOKEN_LIFETIME_SECONDS = 3_600

runCommand(SHARE_HELP, async (signal) => await runShare(process.argv.slice(2), signal, async (url) => {
  const { OBJECTS_STORAGE_URL: address, OBJECTS_STORAGE_TOKEN: token } = process.env
  const config = () => loadConfig(process.env)
  const where = url ?? address ?? addressOfService(config())
  return connectTraffic(where, token ?? await mintDemoToken(config(), TOKEN_LIFETIME_SECONDS))
}))
