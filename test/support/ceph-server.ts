import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { untilAnswered } from './answer.js'
import { freePort } from './free-port.js'

/** A single-node Ceph cluster, and an account on its S3 gateways. */
export interface CephServer {
  version: string
  endpoint: string
  accessKey: string
  secretKey: string
  /**
   * Starts another gateway of the same cluster, whose clock is ahead by the given number of seconds (using Debian's faketime).
   *
   * @returns its endpoint
   * @throws if it ends, does not start within two minutes, or its clock shows another time
   */
  startGateway: (aheadSeconds?: number, settings?: readonly string[]) => Promise<string>
  /** Runs radosgw-admin. */
  administer: (options: string[]) => Promise<void>
  /** Creates credentials of the account that may only put files: a subuser with `--access=write`. */
  createUploadKeys: () => Promise<{ accessKey: string, secretKey: string }>
  /** Ends its processes and removes what it stored. */
  stop: () => Promise<void>
}

const GATEWAY = '/usr/bin/radosgw'
// The dynamic linker replaces $LIB with the folder for the machine's architecture.
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1'
// For one attempt, which fails if another process has taken a port meanwhile, or if a daemon is too slow for the others.
const START_TIMEOUT_MS = 120_000
const START_ATTEMPTS = 3
const SAID_MAX_LENGTH = 2_000
// A Date header may be up to a second behind, and the answer takes time.
const CLOCK_TOLERANCE_MS = 3_000
const run = promisify(execFile)

/** Whether Ceph RGW is installed (Debian's radosgw, ceph-mon, ceph-osd and ceph-common). */
export async function hasCeph (): Promise<boolean> {
  return await access(GATEWAY).then(() => true, () => false)
}

/**
 * Starts Ceph RGW over one monitor and one storage daemon that keeps everything in memory, on the loopback address.
 *
 * @throws if it fails to start three times, with what its daemons wrote
 */
export async function startCeph (): Promise<CephServer> {
  const failures: unknown[] = []
  while (failures.length < START_ATTEMPTS) {
    try {
      return await startCluster()
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, `Ceph did not start: ${failures.join('; ')}`)
}

async function startCluster (): Promise<CephServer> {
  const directory = await mkdtemp(join(tmpdir(), 'objects-storage-ceph-'))
  await Promise.all(['monitor', 'storage', 'run', 'log', 'crash'].map((name) => mkdir(join(directory, name))))
  const configuration = join(directory, 'ceph.conf')
  const [clusterId, storageId] = [randomUUID(), randomUUID()]
  const [monitorPort, oldMonitorPort, storagePort] = [await freePort(), await freePort(), await freePort()]
  const addresses = `[v2:127.0.0.1:${monitorPort},v1:127.0.0.1:${oldMonitorPort}]`
  await writeFile(configuration, configurationOf({ directory, clusterId, addresses, storagePort }))

  const environment = { ...process.env, CEPH_CONF: configuration }
  const finish = (program: string, options: string[]) => run(program, options, { env: environment, timeout: START_TIMEOUT_MS })
  const daemons: ChildProcess[] = []
  const ended: Array<Promise<never>> = []
  const begin = (program: string, options: string[], variables: Record<string, string> = {}) => {
    const daemon = spawn(program, [...options, '-f'], { env: { ...environment, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] })
    daemons.push(daemon)
    let said = ''
    daemon.stderr.on('data', (bytes: Buffer) => { said = (said + bytes.toString()).slice(-SAID_MAX_LENGTH) })
    const end = once(daemon, 'close').then(([code, signal]) => { throw new Error(`${program} ended (${code ?? signal}): ${said}`) })
    end.catch(() => {})
    ended.push(end)
  }
  /** @throws if a daemon ends before the work is done */
  const orEnded = async <Result>(work: Promise<Result>): Promise<Result> => await Promise.race([work, ...ended])
  const stop = async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue
      daemon.kill('SIGKILL')
      await once(daemon, 'close')
    }
    await rm(directory, { recursive: true, force: true })
  }
  const startGateway = async (aheadSeconds = 0, settings: readonly string[] = []) => {
    const port = await freePort()
    const endpoint = `http://127.0.0.1:${port}`
    // Without tcp_nodelay, a small answer over a keep-alive connection would wait 40 ms for an acknowledgement.
    const options = ['-n', `client.rgw-${port}`, '--rgw-frontends', `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`, ...settings]
    const clock = { LD_PRELOAD: FAKETIME, FAKETIME: `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}s`, DONT_FAKE_MONOTONIC: '1' }
    begin('radosgw', options, aheadSeconds === 0 ? {} : clock)
    await orEnded(untilAnswered(endpoint, 'Ceph RGW', START_TIMEOUT_MS))
    const { headers } = await fetch(endpoint, { method: 'HEAD' })
    const aheadMs = Date.parse(headers.get('date') ?? '') - Date.now()
    if (!(Math.abs(aheadMs - aheadSeconds * 1000) < CLOCK_TOLERANCE_MS)) {
      throw new Error(`The gateway's clock is ${aheadMs} ms ahead; is faketime installed?`)
    }
    return endpoint
  }
  const createUploadKeys = async () => {
    const subuser = ['--uid=tests', '--subuser=tests:uploads']
    const [accessKey, secretKey] = [randomUUID(), randomUUID()]
    await finish('radosgw-admin', ['subuser', 'create', ...subuser, '--access=write'])
    await finish('radosgw-admin', ['key', 'create', ...subuser, '--key-type=s3', `--access-key=${accessKey}`, `--secret-key=${secretKey}`])
    return { accessKey, secretKey }
  }

  const start = async () => {
    const map = join(directory, 'monitors')
    await finish('monmaptool', ['--create', '--addv', 'a', addresses, '--fsid', clusterId, map])
    await finish('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map])
    begin('ceph-mon', ['-i', 'a'])
    await orEnded(finish('ceph', ['osd', 'new', storageId, '0']))
    await finish('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', storageId])
    begin('ceph-osd', ['-i', '0'])
    const endpoint = await startGateway()
    const [accessKey, secretKey] = [randomUUID(), randomUUID()]
    const user = ['--uid=tests', '--display-name=tests', `--access-key=${accessKey}`, `--secret-key=${secretKey}`]
    await orEnded(finish('radosgw-admin', ['user', 'create', ...user]))
    return { endpoint, accessKey, secretKey }
  }

  try {
    const account = await start()
    const [version = ''] = /\d+\.\d+\.\d+/.exec((await finish('radosgw', ['--version'])).stdout) ?? []
    const administer = async (options: string[]) => { await finish('radosgw-admin', options) }
    return { version: `Ceph RGW ${version}`, ...account, startGateway, administer, createUploadKeys, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function configurationOf (
  { directory, clusterId, addresses, storagePort }:
  { directory: string, clusterId: string, addresses: string, storagePort: number },
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
[client]
# The default, which is secure, hangs where authentication is off.
ms mon client mode = crc
auth client required = none
rgw rados pool pg num min = 8
rgw override bucket index max shards = 1
rgw run sync thread = false
`
}
