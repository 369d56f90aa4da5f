import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Case } from '../bench.js'
import { load, residentMib } from '../child-process.js'
import { type Cost, growth, spread } from '../measure.js'
import { NO_DATABASE, downloadUrl, startService } from '../services/service.js'
import { startStore } from '../services/store.js'

const FEW_READERS = 50
const READERS = 200
const READER_BYTES_PER_SECOND = 1024
const SETTLED_AFTER_MS = 20_000
const MEMORY_MAX_MIB = 64
const MIB = 1024 * 1024

/**
 * What slow readers of a streamed file of 100 MiB cost the service: the memory they add, and the rate of other requests
 * meanwhile. Memory is read before the service has been under load, since memory freed after a load would make room for the
 * readers, and after a garbage collection, since garbage is not the readers' doing.
 *
 * The store is the embedded one: each reader keeps a request to it open, and Ceph RGW may then stop answering others.
 */
export const slowReaders: Case = async function * ({ seconds }) {
  const store = await startStore({ isEmbedded: true })
  const service = await startService(
    { store }, { DATABASE_URL: NO_DATABASE, DOWNLOAD_MODE: 'stream' }, ['--expose-gc', '--import', './bench/programs/collect-garbage.mjs'])
  const sockets: Socket[] = []
  try {
    const [bigUrl, smallUrl] = [
      new URL(downloadUrl(service, await store.put('100MiB.bin', 100 * MIB))), downloadUrl(service, await store.put('1KiB.bin', 1024)),
    ]
    await (await fetch(smallUrl)).arrayBuffer()
    const before = await collectedMib(service.pid)
    const reading = setInterval(() => { for (const socket of sockets) socket.read(READER_BYTES_PER_SECOND) }, 1000)
    const addedBy = async (readers: number): Promise<Cost> => {
      while (sockets.length < readers) sockets.push(await openReader(bigUrl))
      await setTimeout(SETTLED_AFTER_MS)
      return { size: readers, cost: await collectedMib(service.pid) - before }
    }
    const few = await addedBy(FEW_READERS)
    const many = await addedBy(READERS)
    yield {
      case: `Memory that ${READERS} readers at 1 KiB/s add`,
      unit: 'MiB',
      measured: spread([many.cost]),
      peer: { name: `${FEW_READERS} readers`, measured: spread([few.cost]) },
      target: { text: `≤ ${MEMORY_MAX_MIB}`, isMet: many.cost <= MEMORY_MAX_MIB },
    }
    yield growth(`Growth of that memory from ${FEW_READERS} readers`, few, many)
    const rate = async () => (await load(smallUrl, { connections: 8, seconds, status: 200 })).perSecond
    await rate()
    const meanwhile = await rate()
    if (sockets.some((socket) => socket.destroyed)) throw new Error('A reader was cut off.')
    clearInterval(reading)
    for (const socket of sockets) socket.destroy()
    const afterwards = await rate()
    yield {
      case: `Streamed files of 1 KiB beside ${READERS} slow readers`,
      unit: 'requests/s',
      measured: spread([meanwhile]),
      peer: { name: 'without them', measured: spread([afterwards]) },
      ratio: spread([meanwhile / afterwards]),
    }
  } finally {
    for (const socket of sockets) socket.destroy()
    await service.stop()
    await store.stop()
  }
}

/** Requests a file on a connection that is read from only on demand. */
async function openReader (url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname)
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`)
  return socket
}

/** The process's resident memory in MiB after a garbage collection. */
async function collectedMib (pid: number): Promise<number> {
  process.kill(pid, 'SIGWINCH')
  await setTimeout(1_000)
  return await residentMib(pid)
}
