import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../test/support/free-port.js'
import { untilAnswered } from './answer.js'

/** An S3 endpoint, and an account of it. */
export interface S3Server {
  version: string
  endpoint: string
  accessKey: string
  secretKey: string
  stop: () => Promise<void>
}

const GATEWAY = '/usr/bin/radosgw'
const START_TIMEOUT_MS = 60_000
const run = promisify(execFile)

/**
 * Starts Ceph RGW (Debian's radosgw, ceph-mon, ceph-osd and ceph-common) over one monitor and one storage daemon that keeps
 * everything in memory, on the loopback address.
 *
 * @throws where Ceph is not installed, or does not start within a minute
 */
export async function startCeph (): Promise<S3Server> {
  await access(GATEWAY).catch(() => {
    throw new Error('Ceph RGW is not installed; BENCH_S3_ENDPOINT may name an S3 endpoint, and --embedded does without.')
  })
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-bench-ceph-'))
  await Promise.all(['monitor', 'storage', 'run', 'log', 'crash'].map((name) => mkdir(join(directory, name))))
  const configuration = join(directory, 'ceph.conf')
  const [clusterId, storageId] = [randomUUID(), randomUUID()]
  const [monitorPort, oldMonitorPort] = [await freePort(), await freePort()]
  const [gatewayPort, storagePort] = [await freePort(), await freePort()]
  const addresses = `[v2:127.0.0.1:${monitorPort},v1:127.0.0.1:${oldMonitorPort}]`
  await writeFile(configuration, configurationOf({ directory, clusterId, addresses, gatewayPort, storagePort }))

  const environment = { ...process.env, CEPH_CONF: configuration }
  const finish = (program: string, options: string[]) => run(program, options, { env: environment, timeout: START_TIMEOUT_MS })
  const daemons: ChildProcess[] = []
  const begin = (program: string, options: string[]) => {
    daemons.push(spawn(program, [...options, '-f'], { env: environment, stdio: 'ignore' }))
  }
  const stop = async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
    }
    await rm(directory, { recursive: true, force: true })
  }

  try {
    const map = join(directory, 'monitors')
    await finish('monmaptool', ['--create', '--addv', 'a', addresses, '--fsid', clusterId, map])
    await finish('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map])
    begin('ceph-mon', ['-i', 'a'])
    await finish('ceph', ['osd', 'new', storageId, '0'])
    await finish('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', storageId])
    begin('ceph-osd', ['-i', '0'])
    begin('radosgw', ['-n', 'client.rgw'])
    const endpoint = `http://127.0.0.1:${gatewayPort}`
    await untilAnswered(endpoint, 'Ceph RGW', START_TIMEOUT_MS)
    const [accessKey, secretKey] = [randomUUID(), randomUUID()]
    await finish('radosgw-admin', [
      '-n', 'client.rgw', 'user', 'create', '--uid=bench', '--display-name=bench', `--access-key=${accessKey}`, `--secret-key=${secretKey}`,
    ])
    const [version = ''] = /\d+\.\d+\.\d+/.exec((await finish('radosgw', ['--version'])).stdout) ?? []
    return { version: `Ceph RGW ${version}`, endpoint, accessKey, secretKey, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configurationOf (
  { directory, clusterId, addresses, gatewayPort, storagePort }:
  { directory: string, clusterId: string, addresses: string, gatewayPort: number, storagePort: number },
): string {
  return `[global]
fsid = ${clusterId}
mon host = ${addresses}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind port min = ${storagePort}
ms bind port max = ${storagePort + 50}
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${directory}/run
admin socket = ${directory}/run/$name.asok
log file = ${directory}/log/$name.log
crash dir = ${directory}/crash
mon data = ${directory}/monitor
mon cluster log file = ${directory}/log/cluster.log
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 0
mon max pg per osd = 1000
osd data = ${directory}/storage
osd objectstore = memstore
memstore device bytes = 6442450944
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class update on start = false
# The monitor's commits would take seconds.
paxos propose interval = 0.02
paxos min wait = 0.01
[client.rgw]
# The default, which is secure, hangs where authentication is off.
ms mon client mode = crc
auth client required = none
# A small answer over a kept connection would wait 40 ms for an acknowledgement.
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw rados pool pg num min = 8
rgw override bucket index max shards = 1
rgw run sync thread = false
`
}
