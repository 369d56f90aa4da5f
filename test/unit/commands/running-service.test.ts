import t from 'tap'
import { addressOfService } from '../../../commands/running-service.js'
import { ConfigError, loadConfig } from '../../../config.js'

t.test('commands ask the running service where it listens, or where people reach it', async (t) => {
  const address = (environment: Record<string, string>) =>
    addressOfService(loadConfig({ DATA_DIR: t.testdirName, ...environment }))
  t.equal(address({ HOST: '0.0.0.0', PORT: '8080' }), 'http://127.0.0.1:8080')
  t.equal(address({ HOST: '::1', PORT: '8080' }), 'http://[::1]:8080')
  const socket = { HOST: 'unix:/run/objects.sock' }
  t.equal(address({ ...socket, PUBLIC_URL: 'https://files.example.com/files/' }), 'https://files.example.com/files')
  t.throws(() => address(socket),
    new ConfigError('HOST is a Unix socket: give the address of the proxy in front of it with --url, or set PUBLIC_URL.'))
})
