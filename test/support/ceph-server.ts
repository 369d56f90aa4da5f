import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { untilAnswered } from './answer.js'
import { freePort } from './free-port.js'

/** A Ceph cluster of one node, and an account of its S3 gateways. */
export interface CephServer {
  version: string
  endpoint: string
  accessKey: string
  secretKey: string
  /**
   * Starts one more gateway of the same cluster, whose clock runs ahead by so many seconds (with Debian's faketime).
   *
   * @returns its endpoint
   * @throws where it does not start within a minute, or its clock is another
   */
  startGateway: (aheadSeconds?: number) => Promise<string>
  /** Makes credentials of the account that may put files and no more: a subuser with `--access=write`. */
  createUploadKeys: () => Promise<{ accessKey: string, secretKey: string }>
  /** Ends its processes and removes what it stored. */
  stop: () => Promise<void>
}

const GATEWAY = '/usr/bin/radosgw'
// The dynamic linker puts the folder of the machine's kind in the place of $LIB.
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1'
const START_TIMEOUT_MS = 60_000
// What a Date header may lack of a second, and what the answer may take.
const CLOCK_TOLERANCE_MS = 3_000
const run = promisify(execFile)

/** Whether Ceph RGW is installed (Debian's radosgw, ceph-mon, ceph-osd and ceph-common). */
export async function hasCeph (): Promise<boolean> {
  return await access(GATEWAY).then(() => true, () => false)
}

/**
 * Starts Ceph RGW over one monitor and one storage daemon that keeps everything in memory, on the loopback address.
 *
 * @throws where it does not start within a minute
 */
export async function startCeph (): Promise<CephServer> {
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
  const begin = (program: string, options: string[], variables: Record<string, string> = {}) => {
    daemons.push(spawn(program, [...options, '-f'], { env: { ...environment, ...variables }, stdio: 'ignore' }))
  }
  const stop = async () => {
    for (const daemon of daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
    }
    await rm(directory, { recursive: true, force: true })
  }
  const startGateway = async (aheadSeconds = 0) => {
    const port = await freePort()
    const endpoint = `http://127.0.0.1:${port}`
    // A small answer over a kept connection would wait 40 ms for an acknowledgement without tcp_nodelay.
    const options = ['-n', `client.rgw-${port}`, '--rgw-frontends', `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`]
    const clock = { LD_PRELOAD: FAKETIME, FAKETIME: `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}s`, DONT_FAKE_MONOTONIC: '1' }
    begin('radosgw', options, aheadSeconds === 0 ? {} : clock)
    await untilAnswered(endpoint, 'Ceph RGW', START_TIMEOUT_MS)
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

  try {
    const map = join(directory, 'monitors')
    await finish('monmaptool', ['--create', '--addv', 'a', addresses, '--fsid', clusterId, map])
    await finish('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map])
    begin('ceph-mon', ['-i', 'a'])
    await finish('ceph', ['osd', 'new', storageId, '0'])
    await finish('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', storageId])
    begin('ceph-osd', ['-i', '0'])
    const endpoint = await startGateway()
    const [accessKey, secretKey] = [randomUUID(), randomUUID()]
    const user = ['--uid=tests', '--display-name=tests', `--access-key=${accessKey}`, `--secret-key=${secretKey}`]
    await finish('radosgw-admin', ['user', 'create', ...user])
    const [version = ''] = /\d+\.\d+\.\d+/.exec((await finish('radosgw', ['--version'])).stdout) ?? []
    return { version: `Ceph RGW ${version}`, endpoint, accessKey, secretKey, startGateway, createUploadKeys, stop }
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
